using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Browser.Tests;

/// <summary>A server with two brokers and a monitor, and clients of it.</summary>
internal sealed class MonitoredServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<GhmsClient> _clients = [];
    private readonly List<Socket> _sockets = [];

    private MonitoredServer(WebApplication app) => _app = app;

    public string Page => $"{_app.Urls.Single()}/ghms";

    public GhmsBroker Orders => _app.Services.GetRequiredKeyedService<GhmsBroker>("orders");

    public static async Task<MonitoredServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddGhms("orders", options =>
            {
                options.MaxConnections = 200;
                options.Outbound.SoftLimit = 1_000_000;
                options.Outbound.SoftLimitTime = TimeSpan.FromMinutes(5);
                options.Timeout = TimeSpan.FromMinutes(5);
            })
            .AddJson()
            .AddMessage<Note>(code: 10)
            .AddTopics(topics => topics.Retains = _ => true)
            .Admit((request, _) =>
            {
                request.User = request.Headers.TryGetValue("X-User", out var name)
                    ? new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)]))
                    : request.User;
                return default;
            })
            .Handle<Note>((connection, note, ct) => connection.SendAsync(note, ct));
        builder.Services.AddGhms("stock").AddJson().AddMessage<Note>(code: 10);
        var app = builder.Build();
        app.MapGhmsMonitor().AllowAnonymous();
        app.MapGhms("/orders/{**rest}", "orders");
        app.MapGhms("/stock", "stock");
        await app.StartAsync();
        return new MonitoredServer(app);
    }

    /// <summary>Connects a client.</summary>
    public async Task<GhmsClient> ConnectAsync(string path = "/orders", string? user = null)
    {
        var builder = new GhmsClientBuilder()
            .AddJson()
            .AddMessage<Note>(code: 10)
            .AddTopics()
            .Handle<Note>((_, _, _) => ValueTask.CompletedTask);
        if (user is not null)
        {
            builder.AddHeader("X-User", user);
        }

        var client = await builder.ConnectAsync(new Uri(_app.Urls.Single() + path));
        _clients.Add(client);
        return client;
    }

    /// <summary>Connects a peer that never reads, and sends to it until so many bytes wait for good.</summary>
    public async Task ConnectStuckAsync(string path, long bytes)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4_096 };
        _sockets.Add(socket);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(_app.Urls.Single()).Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nGHMS-Timeout: 3600000\r\n\r\n"));
        GhmsConnection? connection;
        while ((connection = Orders.Connections.FirstOrDefault(connection => connection.Path == path)) is null)
        {
            await Task.Yield();
        }

        // The transport's buffers take in what they can, and some of it later.
        for (var standing = 0; standing < 5; standing++)
        {
            for (; connection.PendingBytes < bytes; standing = 0)
            {
                await connection.SendAsync(new Note(new string('x', 40_000)));
            }

            await Task.Delay(50);
        }
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        _sockets.ForEach(socket => socket.Dispose());
        await _app.DisposeAsync();
    }

    public sealed record Note(string Text);
}
