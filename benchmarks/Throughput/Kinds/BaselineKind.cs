using Bedrock.Ghms.Baseline;
using Bedrock.Ghms.Throughput.Wires;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>A bare Kestrel connection handler, written by hand.</summary>
internal sealed class BaselineKind<TCodec>(string name, params Work[] works) : HostedKind
    where TCodec : ICodec
{
    /// <summary>Whether the announcements of one received batch share a flush per connection.</summary>
    public bool SharesFlush { get; init; }

    public override string Name => name;

    public override IWire Wire { get; } = new GhmsWire(broker: false);

    public override bool Does(Work work) => works.Contains(work);

    protected override void AddServices(IServiceCollection services, Work work) => services
        .AddSingleton<Counter>()
        .AddSingleton<EchoHandler<TCodec>>()
        .AddSingleton(provider => new FanOutHandler<TCodec>(provider.GetRequiredService<Counter>(), SharesFlush));

    protected override ValueTask<long?> HandledAsync(IServiceProvider services) =>
        new(services.GetRequiredService<Counter>().Value);

    protected override void Listen(ListenOptions endpoint, Work work)
    {
        if (work.IsFanOut)
        {
            endpoint.UseConnectionHandler<FanOutHandler<TCodec>>();
        }
        else
        {
            endpoint.UseConnectionHandler<EchoHandler<TCodec>>();
        }
    }
}
