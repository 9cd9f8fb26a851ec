using System.Net;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;

namespace Bedrock.Ghms.Server.Tests.Proxies;

/// <summary>A mapped endpoint behind a proxy that is configured as README says.</summary>
[TestFixture("nginx")]
[TestFixture("haproxy")]
[Parallelizable(ParallelScope.Children)]
internal sealed class MappedProxyTests(string proxy) : ServerFixture
{
    [SetUp]
    public void Require() => ProxyProcess.Require(proxy);

    [Test]
    public async Task It_sees_the_address_that_the_proxy_forwards([Values(Route.Http, Route.Https)] Route route)
    {
        var app = await StartMappedAsync(Echo, map: app =>
        {
            app.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor });
            app.MapGhms("/orders");
        });
        await using var between = await ProxyProcess.StartAsync(proxy, PortOf(app));
        using var peer = await between.UpgradeAsync(route, "X-Forwarded-For: 192.0.2.1\r\n");
        await peer.EchoAsync(new string('a', 500_000));

        // The last address is the one that the proxy itself has seen; the client may have made up those before it.
        var connection = BrokerOf(app).Connections.Single();
        Assert.That((connection.RemoteEndPoint as IPEndPoint)?.Address, Is.EqualTo(IPAddress.Loopback));
        Assert.That((connection.RemoteEndPoint as IPEndPoint)?.Port, Is.Zero);
    }
}
