using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Client.Proxies;

/// <summary>The client's side of CONNECT. The answer is read as strictly, and with the same limits, as that to an upgrade.</summary>
internal sealed class HttpTunnel
{
    private readonly string? _authorization;

    public HttpTunnel(NetworkCredential? credential)
    {
        if (credential is null)
        {
            return;
        }

        if (credential.UserName.Contains(':'))
        {
            throw new ArgumentException("The Basic scheme has no user names with a colon.", nameof(credential));
        }

        _authorization = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.UserName}:{credential.Password}"))}";
    }

    public async Task OpenAsync(IDuplexPipe proxy, EndPoint server)
    {
        WriteRequest(proxy.Output, AuthorityOf(server));
        await proxy.Output.FlushAsync().ConfigureAwait(false);
        var response = await ReadResponseAsync(proxy.Input).ConfigureAwait(false);
        if (response.Status is < 200 or > 299)
        {
            throw new GhmsProxyException($"The proxy refused: {response.Status} {PeerText.Escape(response.Reason)}".TrimEnd()) { StatusCode = response.Status };
        }
    }

    private static string AuthorityOf(EndPoint server)
    {
        var authority = server switch
        {
            DnsEndPoint name => $"{name.Host}:{name.Port}",

            // A zone means nothing on another machine.
            IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } address => $"[{new IPAddress(address.Address.GetAddressBytes())}]:{address.Port}",
            IPEndPoint address => address.ToString(),
            _ => throw new NotSupportedException($"A proxy cannot be asked for a {server.GetType().Name}."),
        };
        return Ascii.IsValid(authority) && HostSyntax.IsValid(Encoding.ASCII.GetBytes(authority))
            ? authority
            : throw new ArgumentException($"A proxy cannot be asked for '{PeerText.Escape(authority)}'.", nameof(server));
    }

    private void WriteRequest(PipeWriter output, string authority)
    {
        output.Write("CONNECT "u8);
        output.WriteAscii(authority);
        output.Write(" HTTP/1.1\r\n"u8);
        output.WriteField("Host", authority);
        if (_authorization is not null)
        {
            output.WriteField("Proxy-Authorization", _authorization);
        }

        output.Write("\r\n"u8);
    }

    private static async Task<UpgradeResponse> ReadResponseAsync(PipeReader input)
    {
        using var parser = new UpgradeResponseParser();
        while (true)
        {
            var result = await input.ReadAsync().ConfigureAwait(false);
            var isWhole = TryParse(parser, result.Buffer, out var consumed, out var response);
            input.AdvanceTo(consumed);
            if (isWhole)
            {
                return response!;
            }

            if (result.IsCompleted)
            {
                throw new GhmsProxyException("The proxy ended the connection before it had answered.");
            }
        }
    }

    private static bool TryParse(UpgradeResponseParser parser, in ReadOnlySequence<byte> input, out SequencePosition consumed, out UpgradeResponse? response)
    {
        try
        {
            return parser.TryParse(input, out consumed, out response);
        }
        catch (GhmsUpgradeException exception)
        {
            throw new GhmsProxyException($"This is no answer of an HTTP proxy. {exception.Message}", exception);
        }
    }
}
