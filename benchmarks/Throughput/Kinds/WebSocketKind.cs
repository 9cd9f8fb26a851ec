using Bedrock.Ghms.Baseline;
using Bedrock.Ghms.Throughput.Wires;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>ASP.NET Core's WebSockets with MessagePack and a loop written by hand, without compression.</summary>
internal sealed class WebSocketKind : HostedKind
{
    public override string Name => "websockets";

    public override IWire Wire { get; } = new WebSocketWire();

    public override bool Does(Work work) => work is not (Work.Request or Work.Split or Work.Relay or Work.Stalled or Work.Growth);

    protected override void AddServices(IServiceCollection services, Work work) => services
        .AddSingleton<Counter>()
        .AddSingleton<WebSocketServer>();

    protected override void Listen(ListenOptions endpoint, Work work) => endpoint.Protocols = HttpProtocols.Http1;

    protected override void Map(WebApplication app)
    {
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        app.Run(app.Services.GetRequiredService<WebSocketServer>().ServeAsync);
    }

    protected override ValueTask<long?> HandledAsync(IServiceProvider services) =>
        new(services.GetRequiredService<Counter>().Value);
}
