using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

internal sealed record RunOptions(
    IReadOnlyList<string> Kinds,
    IReadOnlyList<Work> Works,
    int Rounds,
    TimeSpan WarmUp,
    TimeSpan Duration,
    bool ServerGC,
    LoadOptions Load);
