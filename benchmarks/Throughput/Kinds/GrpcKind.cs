using Bedrock.Ghms.Baseline;
using Bedrock.Ghms.Throughput.Wires;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>A bidirectional gRPC stream on each connection, without TLS and without compression.</summary>
internal sealed class GrpcKind : HostedKind
{
    public override string Name => "grpc";

    public override IWire Wire { get; } = new GrpcWire();

    public override bool Does(Work work) => work is not (Work.Request or Work.Split or Work.Relay or Work.Stalled or Work.Growth);

    protected override void AddServices(IServiceCollection services, Work work) => services
        .AddSingleton<Counter>()
        .AddSingleton<GrpcExchange.Streams>()
        .AddSingleton<GrpcExchange>()
        .AddGrpc();

    protected override void Listen(ListenOptions endpoint, Work work) => endpoint.Protocols = HttpProtocols.Http2;

    protected override void Map(WebApplication app) => app.MapGrpcService<GrpcExchange>();

    protected override ValueTask<long?> HandledAsync(IServiceProvider services) =>
        new(services.GetRequiredService<Counter>().Value);
}
