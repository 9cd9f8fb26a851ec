using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Kinds;

internal static class ServerKinds
{
    public static IReadOnlyList<IServerKind> All { get; } =
    [
        new BaselineKind<MessagePackCodec>("baseline"),
        new BaselineKind<BytesCodec>("baseline-bytes"),
        new BaselineKind<BytesCodec>("baseline-shared", shareFlush: true),
        new GhmsKind(),
    ];

    public static string[] Names { get; } = [.. All.Select(kind => kind.Name)];

    public static IServerKind Named(string name) => All.Single(kind => kind.Name == name);
}
