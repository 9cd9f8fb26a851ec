using System.Net;
using Bedrock.Ghms.Throughput.Running;
using Bedrock.Ghms.Throughput.Wires;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>A server on Kestrel, in this process.</summary>
internal abstract class HostedKind : IServerKind
{
    // For Kestrel's own settings: THROUGHPUT_Sockets__IOQueueCount=1. Servers inherit the environment of the program that starts them.
    private const string SettingsPrefix = "THROUGHPUT_";

    public abstract string Name { get; }

    public abstract IWire Wire { get; }

    public abstract bool Does(Work work);

    public async Task<IServer> StartAsync(Work work, int port, CancellationToken cancellation)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
            options.Listen(IPAddress.Loopback, port, endpoint => Listen(endpoint, work)));
        builder.Configuration.AddEnvironmentVariables(SettingsPrefix);
        builder.Services.Configure<SocketTransportOptions>(builder.Configuration.GetSection("Sockets"));
        AddServices(builder.Services, work);
        WebApplication app = builder.Build();
        Map(app);
        await app.StartAsync(cancellation);
        return new Hosted(app, this);
    }

    protected abstract void AddServices(IServiceCollection services, Work work);

    protected abstract void Listen(ListenOptions endpoint, Work work);

    protected virtual void Map(WebApplication app)
    {
    }

    /// <summary>How many messages the server has received, by its own count.</summary>
    protected abstract ValueTask<long?> HandledAsync(IServiceProvider services);

    private sealed class Hosted(WebApplication app, HostedKind kind) : IServer
    {
        public IPEndPoint EndPoint { get; } = IPEndPoint.Parse(new Uri(app.Urls.Single()).Authority);

        public async Task<Usage> SpentAsync() => Usage.Now(await kind.HandledAsync(app.Services));

        public Footprint Held() => Footprint.Now();

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}
