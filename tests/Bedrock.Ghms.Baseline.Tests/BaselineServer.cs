using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;

namespace Bedrock.Ghms.Baseline.Tests;

/// <summary>A handler of the baseline on a real Kestrel.</summary>
internal sealed class BaselineServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BaselineServer(WebApplication app) => _app = app;

    public IPEndPoint EndPoint => IPEndPoint.Parse(new Uri(_app.Urls.Single()).Authority);

    public static async Task<BaselineServer> StartAsync(ConnectionHandler handler)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
            options.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Run(handler.OnConnectedAsync)));
        WebApplication app = builder.Build();
        await app.StartAsync();
        return new BaselineServer(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
