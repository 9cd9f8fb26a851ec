using Bedrock.Ghms.Baseline;
using Bedrock.Ghms.Throughput.Wires;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>ASP.NET Core SignalR with MessagePack, over WebSockets and without the negotiation before them.</summary>
internal sealed class SignalRKind : HostedKind
{
    public override string Name => "signalr";

    public override IWire Wire { get; } = new SignalRWire();

    public override bool Does(Work work) => work is not (Work.Split or Work.Relay or Work.Stalled or Work.Growth);

    protected override void AddServices(IServiceCollection services, Work work) => services
        .AddSingleton<Counter>()
        .AddSignalR(options =>
        {
            if (work == Work.Idle)
            {
                // As often as the load asks of ours, so that every connection has had one.
                options.KeepAliveInterval = TimeSpan.FromSeconds(1);
            }
        })
        .AddMessagePackProtocol();

    protected override void Listen(ListenOptions endpoint, Work work) => endpoint.Protocols = HttpProtocols.Http1;

    protected override void Map(WebApplication app) =>
        app.MapHub<SignalRHub>(SignalRWire.Path, options => options.Transports = HttpTransportType.WebSockets);

    protected override ValueTask<long?> HandledAsync(IServiceProvider services) =>
        new(services.GetRequiredService<Counter>().Value);
}
