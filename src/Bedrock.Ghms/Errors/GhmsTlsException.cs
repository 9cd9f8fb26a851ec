using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Bedrock.Ghms;

/// <summary>Thrown by a client whose TLS handshake failed. What the server did not like of ours, such as a missing certificate, may also show later, as a failed upgrade.</summary>
/// <param name="message">A text for people, without unescaped text of the peer.</param>
/// <param name="innerException">The cause, if there is one.</param>
public sealed class GhmsTlsException(string message, Exception? innerException = null)
    : GhmsException(GhmsError.TlsFailed, message, innerException)
{
    /// <summary>What is wrong with the server's certificate; nothing if that was not the cause.</summary>
    public SslPolicyErrors PolicyErrors { get; init; }

    /// <summary>What is wrong with its chain, if <see cref="PolicyErrors"/> has <see cref="SslPolicyErrors.RemoteCertificateChainErrors"/>.</summary>
    public X509ChainStatusFlags ChainStatus { get; init; }
}
