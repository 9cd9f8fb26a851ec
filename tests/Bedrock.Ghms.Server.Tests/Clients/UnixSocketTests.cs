using System.Net.Sockets;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>A client and Kestrel over a Unix domain socket.</summary>
internal sealed class UnixSocketTests : TlsFixture
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"ghms-{Guid.NewGuid():N}.sock");

    [TearDown]
    public void Delete() => File.Delete(_path);

    [Test]
    public async Task Messages_and_the_last_word_go_both_ways([Values] bool isTls)
    {
        var app = await StartAsync(
            services => Echo(services.Configure<KestrelServerOptions>(kestrel => kestrel.ListenUnixSocket(_path, listen =>
            {
                if (isTls)
                {
                    listen.UseHttps(Authority.Issue("orders.test"));
                }

                listen.UseConnectionHandler<GhmsHandler>();
            })).AddGhms()),
            listen => listen.UseConnectionHandler<GhmsHandler>());
        var builder = isTls ? Builder().UseTls(Authority.Trust) : Builder();
        await using var client = await builder.ConnectAsync(new UnixDomainSocketEndPoint(_path), "/orders", "orders.test").WaitAsync(Patience.Long);
        await EchoAsync(client);
        await EchoAsync(client, new string('a', 900_000));
        var connection = BrokerOf(app).Connections.Single();
        Assert.That(connection.Path, Is.EqualTo("/orders"));
        await connection.CloseAsync(CloseStatus.TryAgainLater, "later");
        await client.Connection.Completion.WaitAsync(Patience.Long);
        Assert.That(client.Connection.End, Is.EqualTo(new ConnectionEnd(ConnectionEndCause.ClosedByPeer, CloseStatus.TryAgainLater, "later")));
    }

    [Test]
    public void A_socket_that_is_not_there_is_a_socket_error() => Assert.That(
        async () => await Builder().ConnectAsync(new UnixDomainSocketEndPoint(_path)).WaitAsync(Patience.Long), Throws.InstanceOf<SocketException>());
}
