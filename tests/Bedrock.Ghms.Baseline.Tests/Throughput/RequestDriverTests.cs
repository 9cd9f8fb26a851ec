using System.Net;
using Bedrock.Ghms.Throughput;
using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

[CancelAfter(60_000)]
internal sealed class RequestDriverTests
{
    private static readonly LoadOptions Options = new(Connections: 2, InFlight: 64, Subscribers: 1, Window: 1);

    [Test]
    public async Task Each_request_gets_its_reply()
    {
        await using WebApplication server = await StartAsync(Work.Request);
        using var driver = new RequestDriver(EndPointOf(server), Options);
        Outcome outcome = driver.Run(TimeSpan.FromMilliseconds(50));
        Assert.That(outcome.Messages, Is.GreaterThanOrEqualTo(128).And.EqualTo(outcome.Sent));
    }

    [Test]
    public async Task A_server_that_answers_no_requests_is_noticed()
    {
        await using WebApplication server = await StartAsync(Work.Echo);
        using var driver = new RequestDriver(EndPointOf(server), Options);
        Assert.That(() => driver.Run(TimeSpan.FromMilliseconds(50)), Throws.Exception);
    }

    private static IPEndPoint EndPointOf(WebApplication server) => IPEndPoint.Parse(new Uri(server.Urls.Single()).Authority);

    private static async Task<WebApplication> StartAsync(Work work)
    {
        IServerKind kind = ServerKinds.Named("ghms");
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
            options.Listen(IPAddress.Loopback, 0, endpoint => kind.Listen(endpoint, work)));
        kind.AddServices(builder.Services, work);
        WebApplication server = builder.Build();
        await server.StartAsync();
        return server;
    }
}
