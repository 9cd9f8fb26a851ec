using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>What depends on a moment that no socket can be made to meet.</summary>
internal sealed class UpgradeEndpointTests : ServerFixture, IConnectionLifetimeNotificationFeature
{
    public CancellationToken ConnectionClosedRequested { get; set; } = new(canceled: true);

    [Test]
    public async Task A_connection_that_is_upgraded_while_the_host_stops_gets_Close_1001_and_is_gone()
    {
        var services = new ServiceCollection();
        Echo(services.AddGhms(options => options.MaxConnections = 1));
        await using var provider = services.BuildServiceProvider();
        var broker = provider.GetRequiredService<GhmsBroker>();
        for (var i = 0; i < 2; i++)
        {
            var (input, output) = (new Pipe(), new Pipe());
            await input.Writer.WriteAsync(Encoding.Latin1.GetBytes(WirePeer.Request()));
            await input.Writer.CompleteAsync();
            var transport = new DefaultConnectionContext("1", new Duplex(input.Reader, output.Writer), new Duplex(output.Reader, input.Writer));
            transport.Features.Set<IConnectionLifetimeNotificationFeature>(this);
            transport.ConnectionClosed = new CancellationToken(canceled: true); // As Kestrel has it after the FIN.
            await new UpgradeEndpoint(broker).RunAsync(transport).WaitAsync(Patience.Long);

            var said = Encoding.Latin1.GetString((await output.Reader.ReadAsync()).Buffer.ToArray());
            Assert.That(said, Does.StartWith("HTTP/1.1 101 ").And.EndsWith("\r\n\r\n\0\0\0\0\0\0\0\u0002\u0003\u00E9"));
            Assert.That(broker.Count, Is.Zero);
        }
    }

    public void RequestClose()
    {
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input { get; } = input;

        public PipeWriter Output { get; } = output;
    }
}
