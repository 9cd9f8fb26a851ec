using System.Net;
using System.Net.NetworkInformation;
using System.Threading.Channels;
using Bedrock.Framework;
using Bedrock.Ghms.Broker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.BedrockFramework.Tests;

/// <summary>A server that sends back what it receives, on Kestrel, and clients of Bedrock's making.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal abstract class ServerFixture
{
    private readonly Channel<ConnectionEnd> _ends = Channel.CreateUnbounded<ConnectionEnd>();
    private WebApplication _app = null!;

    protected IPEndPoint EndPoint { get; private set; } = null!;

    protected Uri Uri => new($"http://{EndPoint}/");

    [SetUp]
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddGhms()
            .AddJson()
            .AddMessage<Greeting>(code: 10)
            .Handle<Greeting>((connection, greeting, ct) => connection.SendAsync(greeting, ct))
            .OnDisconnected(connection => _ends.Writer.WriteAsync(connection.End!));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseGhms(map => map.Broker("/"))));
        _app = builder.Build();
        await _app.StartAsync().InTime();
        EndPoint = IPEndPoint.Parse(new Uri(_app.Urls.Single()).Authority);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _app.StopAsync().InTime();
        await _app.DisposeAsync();
    }

    /// <summary>Bedrock's builder with its sockets.</summary>
    protected ClientBuilder Bedrock() => new ClientBuilder(_app.Services).UseSockets().UseTransportCompletion();

    /// <summary>How the server saw the next connection end.</summary>
    protected Task<ConnectionEnd> EndAsync() => _ends.Reader.ReadAsync().InTime();

    /// <summary>The connections to the server that this process has not closed.</summary>
    protected IEnumerable<TcpState> Open() => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections()
        .Where(connection => connection.RemoteEndPoint.Port == EndPoint.Port && connection.State is TcpState.Established or TcpState.CloseWait)
        .Select(connection => connection.State);
}

internal sealed record Greeting(string Word);
