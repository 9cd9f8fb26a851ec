using Bedrock.Ghms.Baseline;
using Bedrock.Ghms.Throughput.Wires;

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
        new BrokerKind(
            "redis", "redis-server", ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"], new RespWire()),
        new BrokerKind("nats", "nats-server", ["--addr", "127.0.0.1", "--port"], new NatsWire()),
    ];

    public static string[] Names { get; } = [.. All.Select(kind => kind.Name)];

    public static IServerKind Named(string name) => All.Single(kind => kind.Name == name);
}
