using System.Net.Security;
using System.Security.Authentication;
using Bedrock.Ghms.Client.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Client.Tls;

/// <summary>Puts TLS between a connection and the rest of the chain.</summary>
internal sealed class TlsMiddleware(ConnectionDelegate next, Action<SslClientAuthenticationOptions>? configure)
{
    public async Task OnConnectionAsync(ConnectionContext connection)
    {
        var options = MakeOptions(connection);
        var encrypted = connection.Transport;
        var stream = new SslStream(new DuplexPipeStream(encrypted));
        var plain = new TlsPipes(stream);
        try
        {
            await HandshakeAsync(stream, options).ConfigureAwait(false);
            connection.Features.Set<ITlsHandshakeFeature>(new TlsHandshake(stream));
            connection.Transport = plain;
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            connection.Transport = encrypted;
            await plain.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task HandshakeAsync(SslStream stream, SslClientAuthenticationOptions options)
    {
        var check = new CertificateCheck(options);
        try
        {
            await stream.AuthenticateAsClientAsync(options).ConfigureAwait(false);
        }
        catch (AuthenticationException exception)
        {
            throw check.Failure(exception);
        }
        catch (IOException exception)
        {
            throw new GhmsTlsException($"The connection was lost during the TLS handshake with '{options.TargetHost}'.", exception);
        }
    }

    private SslClientAuthenticationOptions MakeOptions(ConnectionContext connection)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = connection.Features.Get<IConnectionTargetFeature>()?.HostName };
        configure?.Invoke(options);
        return string.IsNullOrEmpty(options.TargetHost)
            ? throw new InvalidOperationException("TLS needs the server's name: set TargetHost.")
            : options;
    }
}
