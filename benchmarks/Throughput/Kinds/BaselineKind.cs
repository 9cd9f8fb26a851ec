using Bedrock.Ghms.Baseline;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>A bare Kestrel connection handler, written by hand.</summary>
internal sealed class BaselineKind<TCodec>(string name, bool shareFlush = false) : IServerKind
    where TCodec : ICodec
{
    public string Name => name;

    public bool Does(Work work) => work switch
    {
        Work.FanOut => true,
        Work.Request => false,
        _ => !shareFlush,
    };

    public void AddServices(IServiceCollection services, Work work) => services
        .AddSingleton<Counter>()
        .AddSingleton<EchoHandler<TCodec>>()
        .AddSingleton(provider => new FanOutHandler<TCodec>(provider.GetRequiredService<Counter>(), shareFlush));

    public long Handled(IServiceProvider services) => services.GetRequiredService<Counter>().Value;

    public void Listen(ListenOptions endpoint, Work work)
    {
        if (work == Work.FanOut)
        {
            endpoint.UseConnectionHandler<FanOutHandler<TCodec>>();
        }
        else
        {
            endpoint.UseConnectionHandler<EchoHandler<TCodec>>();
        }
    }
}
