using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

internal sealed record RunOptions(
    IReadOnlyList<string> Kinds,
    IReadOnlyList<Work> Works,
    string Against,
    int Rounds,
    TimeSpan WarmUp,
    TimeSpan Duration,
    LoadOptions Load);
