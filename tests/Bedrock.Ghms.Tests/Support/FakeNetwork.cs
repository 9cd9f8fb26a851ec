using System.Net;
using System.Threading.Channels;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Testing;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>Servers in memory that can be down, be swapped, and lose their connections. By the port of its end point each is a network of its own.</summary>
internal sealed class FakeNetwork : IConnectionFactory
{
    private readonly Dictionary<int, Func<CancellationToken, ValueTask<ConnectionContext>>> _servers = [];
    private readonly Channel<int> _asked = Channel.CreateUnbounded<int>();

    /// <summary>The servers' ends of the connections made to brokers so far, the newest one last.</summary>
    public List<InMemoryConnection> ServerEnds { get; } = [];

    /// <summary>How many attempts have reached the network and were not looked at.</summary>
    public int Attempts => _asked.Reader.Count;

    /// <summary>The port of the next attempt, also of one that was made already.</summary>
    public Task<int> NextAttemptAsync() => _asked.Reader.ReadAsync().InTime();

    /// <summary>From now on <paramref name="broker"/> takes every connection.</summary>
    public void Up(GhmsBroker broker, int port = 80)
    {
        var server = new InMemoryServer(broker);
        Set(port, _ =>
        {
            var client = server.Connect(out var end);
            ServerEnds.Add(end);
            return new(client);
        });
    }

    /// <summary>From now on connections are refused.</summary>
    public void Down(int port = 80) => Set(port, _ => throw new IOException("down"));

    /// <summary>From now on each attempt goes to a scripted server.</summary>
    public void Script(ScriptedServer server, int port = 80) => Set(port, token => server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), token));

    /// <summary>From now on each attempt comes to this.</summary>
    public void Set(int port, Func<CancellationToken, ValueTask<ConnectionContext>> server)
    {
        lock (_servers)
        {
            _servers[port] = server;
        }
    }

    /// <summary>Breaks the newest connection, as a reset does.</summary>
    public void Break() => ServerEnds[^1].Abort(new ConnectionAbortedException("cut"));

    public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var port = endpoint is DnsEndPoint name ? name.Port : ((IPEndPoint)endpoint).Port;
        lock (_servers)
        {
            var server = _servers[port];
            _asked.Writer.TryWrite(port);
            return server(cancellationToken);
        }
    }
}
