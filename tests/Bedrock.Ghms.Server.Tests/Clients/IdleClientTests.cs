using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>A service has many connections that have nothing to say most of the time.</summary>
[NonParallelizable]
internal sealed class IdleClientTests : TlsFixture
{
    [Test]
    public async Task Connections_that_are_idle_hold_no_buffers([Values] bool isTls)
    {
        var app = await StartAsync(services => Echo(services.AddGhms(HaveNoHeartbeat)), listen =>
        {
            if (isTls)
            {
                listen.UseHttps(Authority.Issue("127.0.0.1"));
            }

            listen.UseConnectionHandler<GhmsHandler>();
        });
        var builder = (isTls ? Builder().UseTls(Authority.Trust) : Builder()).Configure(HaveNoHeartbeat);
        var clients = new List<GhmsClient>();
        using var buffers = new RentedBuffers();
        for (var i = 0; i < 20; i++)
        {
            clients.Add(await builder.ConnectAsync(UriOf(app)).WaitAsync(Patience.Long));
            await EchoAsync(clients[i], new string('a', 100_000));
        }

        using var patience = new CancellationTokenSource(Patience.Long);
        while (buffers.Sizes.Count > 0 && !patience.IsCancellationRequested)
        {
            await Task.Yield();
        }

        Assert.That((buffers.Seen > 0, buffers.Sizes.Count), Is.EqualTo((true, 0)), string.Join(' ', buffers.Sizes));
        foreach (var client in clients)
        {
            await client.DisposeAsync().AsTask().WaitAsync(Patience.Long);
        }
    }

    // One would shake loose what is held.
    private static void HaveNoHeartbeat(GhmsBrokerOptions options) => options.Timeout = TimeSpan.FromHours(1);
}
