using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Kinds;

internal static class ServerKinds
{
    public static IReadOnlyList<IServerKind> All { get; } =
    [
        new BaselineKind<MessagePackCodec>(
            "baseline", Work.PingPong, Work.Echo, Work.OneWay, Work.FanOut, Work.Connect, Work.Idle),
        new BaselineKind<BytesCodec>("baseline-bytes", Work.PingPong, Work.Echo, Work.OneWay, Work.FanOut),
        new BaselineKind<BytesCodec>("baseline-shared", Work.FanOut, Work.WideFanOut, Work.Split, Work.Growth)
        {
            SharesFlush = true,
        },
        new GhmsKind(),
        new SignalRKind(),
        new WebSocketKind(),
        new MqttKind(),
        new GrpcKind(),
    ];

    public static string[] Names { get; } = [.. All.Select(kind => kind.Name)];

    public static IServerKind Named(string name) => All.Single(kind => kind.Name == name);
}
