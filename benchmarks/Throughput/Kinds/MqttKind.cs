using Bedrock.Ghms.Throughput.Wires;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet.AspNetCore;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>MQTTnet's broker on Kestrel, at QoS 0.</summary>
internal sealed class MqttKind : HostedKind
{
    /// <summary>By default a broker drops what is more than a thousand messages behind; here nothing may get lost.</summary>
    private const int MaxPending = 100_000;

    public override string Name => "mqttnet";

    public override IWire Wire { get; } = new MqttWire();

    public override bool Does(Work work) =>
        work is Work.PingPong or Work.Echo or Work.FanOut or Work.WideFanOut or Work.Connect or Work.Idle;

    protected override void AddServices(IServiceCollection services, Work work) => services
        .AddHostedMqttServer(options => options.WithoutDefaultEndpoint().WithMaxPendingMessagesPerClient(MaxPending))
        .AddMqttConnectionHandler()
        .AddConnections();

    protected override void Listen(ListenOptions endpoint, Work work) => endpoint.UseMqtt();

    /// <summary>It keeps no count without having every message shown to the application; the load gets each of them back.</summary>
    protected override ValueTask<long?> HandledAsync(IServiceProvider services) => default;
}
