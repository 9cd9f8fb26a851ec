using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Bedrock.Ghms.Client.Proxies;

/// <summary>The client's side of SOCKS5 (RFC 1928), with user and password (RFC 1929) or without.</summary>
internal sealed class Socks5Tunnel
{
    private const byte Version = 5;
    private const byte Connect = 1;
    private const byte NoAuthentication = 0;
    private const byte Password = 2;
    private const byte NothingAcceptable = 0xFF;
    private const byte IPv4 = 1;
    private const byte Name = 3;
    private const byte IPv6 = 4;

    private readonly byte[]? _login;

    public Socks5Tunnel(NetworkCredential? credential)
    {
        if (credential is not null)
        {
            _login = [1, .. WithLength(credential.UserName, nameof(credential)), .. WithLength(credential.Password, nameof(credential))];
        }
    }

    public async Task OpenAsync(IDuplexPipe proxy, EndPoint server)
    {
        var request = RequestFor(server);
        await AuthenticateAsync(proxy).ConfigureAwait(false);
        await proxy.Output.WriteAsync(request).ConfigureAwait(false);
        var reply = await ReadAsync(proxy.Input, 4).ConfigureAwait(false);
        Expect(reply[0] == Version, "version");
        if (reply[1] != 0)
        {
            throw new GhmsProxyException($"The proxy refused: {Describe(reply[1])}.") { StatusCode = reply[1] };
        }

        // The address that the proxy uses is of no interest, but the server's first byte comes right behind it.
        var length = reply[3] switch
        {
            IPv4 => 4,
            IPv6 => 16,
            Name => (await ReadAsync(proxy.Input, 1).ConfigureAwait(false))[0],
            _ => -1,
        };
        Expect(reply[2] == 0 && length >= 0, "reply");
        await ReadAsync(proxy.Input, length + 2).ConfigureAwait(false);
    }

    private async Task AuthenticateAsync(IDuplexPipe proxy)
    {
        byte[] offer = _login is null ? [Version, 1, NoAuthentication] : [Version, 2, NoAuthentication, Password];
        await proxy.Output.WriteAsync(offer).ConfigureAwait(false);
        var choice = await ReadAsync(proxy.Input, 2).ConfigureAwait(false);
        Expect(choice[0] == Version, "version");
        switch (choice[1])
        {
            case NoAuthentication:
                return;
            case Password when _login is not null:
                await proxy.Output.WriteAsync(_login).ConfigureAwait(false);
                var verdict = await ReadAsync(proxy.Input, 2).ConfigureAwait(false);
                Expect(verdict[0] == 1, "version of the authentication");
                if (verdict[1] != 0)
                {
                    throw new GhmsProxyException("The proxy did not accept user and password.");
                }

                return;
            case NothingAcceptable:
                throw new GhmsProxyException(_login is null ? "The proxy wants authentication." : "The proxy takes no user and password.");
            default:
                throw new GhmsProxyException("The proxy chose an authentication that was not offered.");
        }
    }

    private static byte[] RequestFor(EndPoint server)
    {
        byte[] address = server switch
        {
            DnsEndPoint name => [Name, .. WithLength(name.Host, nameof(server))],
            IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } v6 => [IPv6, .. v6.Address.GetAddressBytes()],
            IPEndPoint v4 => [IPv4, .. v4.Address.GetAddressBytes()],
            _ => throw new NotSupportedException($"A proxy cannot be asked for a {server.GetType().Name}."),
        };
        var port = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)(server is DnsEndPoint dns ? dns.Port : ((IPEndPoint)server).Port));
        return [Version, Connect, 0, .. address, .. port];
    }

    private static byte[] WithLength(string text, string parameter)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length is > 0 and <= byte.MaxValue
            ? [(byte)bytes.Length, .. bytes]
            : throw new ArgumentException("SOCKS5 has texts of 1 to 255 bytes only.", parameter);
    }

    private static async ValueTask<byte[]> ReadAsync(PipeReader input, int count)
    {
        var result = await input.ReadAtLeastAsync(count).ConfigureAwait(false);
        if (result.Buffer.Length < count)
        {
            input.AdvanceTo(result.Buffer.End);
            throw new GhmsProxyException("The proxy ended the connection before it had answered.");
        }

        var read = result.Buffer.Slice(0, count);
        var bytes = read.ToArray();
        input.AdvanceTo(read.End);
        return bytes;
    }

    private static void Expect(bool condition, string what)
    {
        if (!condition)
        {
            throw new GhmsProxyException($"This is no answer of a SOCKS5 proxy: the {what} is wrong.");
        }
    }

    private static string Describe(byte reply) => reply switch
    {
        1 => "general failure",
        2 => "its rules do not allow this connection",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the server refused the connection",
        6 => "the time to live is over",
        7 => "it cannot connect on behalf of others",
        8 => "it cannot handle such an address",
        _ => $"reply {reply}",
    };
}
