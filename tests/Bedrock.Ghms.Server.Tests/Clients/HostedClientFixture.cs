using System.Threading.Channels;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>Owns the hosts of clients, beside the servers that those talk to.</summary>
internal abstract class HostedClientFixture : ServerFixture
{
    private readonly List<IHost> _hosts = [];
    private readonly List<HeldPort> _ports = [];

    /// <summary>How connections have ended, as the servers saw it.</summary>
    protected Channel<ConnectionEnd> Ends { get; } = Channel.CreateUnbounded<ConnectionEnd>();

    [TearDown]
    public async Task StopHostsAsync()
    {
        foreach (var host in _hosts)
        {
            await host.StopAsync().WaitAsync(Patience.Long);
            await ((IAsyncDisposable)host).DisposeAsync().AsTask().WaitAsync(Patience.Long);
        }

        _ports.ForEach(port => port.Dispose());
    }

    /// <summary>A server that sends back messages, on the port that is asked for or on a free one.</summary>
    protected Task<WebApplication> ServeAsync(int port = 0) => StartAsync(
        services => Echo(services.AddGhms().OnDisconnected(connection => Ends.Writer.WriteAsync(connection.End!))),
        listen => listen.UseConnectionHandler<GhmsHandler>(),
        port: port);

    /// <summary>A host that is stopped after the test, before the servers are.</summary>
    protected IHost BuildHost(Action<IServiceCollection> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(Log).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        configure(builder.Services);
        var host = builder.Build();
        _hosts.Add(host);
        return host;
    }

    /// <summary>A host that runs.</summary>
    protected async Task<IHost> StartHostAsync(Action<IServiceCollection> configure)
    {
        var host = BuildHost(configure);
        await host.StartAsync().WaitAsync(Patience.Long);
        return host;
    }

    /// <summary>Waits until a client has given up, as a test has it do on purpose.</summary>
    protected async Task GaveUpAsync()
    {
        ErrorsAreProvoked = true;
        using var late = new CancellationTokenSource(Patience.Long);
        while (!Log.Records.Any(record => record.Event.Name == "HostedClientGaveUp"))
        {
            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>What a client registers to talk to one of the servers.</summary>
    protected static GhmsClientBuilder Speak(GhmsClientBuilder client, Uri server) => client.ConnectTo(server).AddJson().AddMessage<Message>(code: 10);

    /// <summary>A port at which nobody listens until the test does. It is held to its end.</summary>
    protected int FreePort()
    {
        _ports.Add(new HeldPort());
        return _ports[^1].Number;
    }

    protected static Uri UriOf(int port) => new($"http://127.0.0.1:{port}/");

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
