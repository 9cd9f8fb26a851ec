using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bedrock.Ghms.Protocol;

namespace Bedrock.Ghms.Client.Tls;

/// <summary>Keeps what is wrong with a server's certificate, which the handshake's own error does not tell apart.</summary>
internal sealed class CertificateCheck
{
    private readonly string _name;
    private readonly RemoteCertificateValidationCallback? _ask;
    private string? _what;
    private SslPolicyErrors _errors;
    private X509ChainStatusFlags _chainStatus;

    /// <summary>Takes the place of the options' callback, and asks that one if there is one.</summary>
    public CertificateCheck(SslClientAuthenticationOptions options)
    {
        _name = options.TargetHost!;
        _ask = options.RemoteCertificateValidationCallback;
        options.RemoteCertificateValidationCallback = Validate;
    }

    /// <summary>What to throw for <paramref name="exception"/>.</summary>
    public GhmsTlsException Failure(AuthenticationException exception) => _what is null
        ? new GhmsTlsException($"The TLS handshake with '{_name}' failed: {exception.GetBaseException().Message}", exception)
        : new GhmsTlsException($"The certificate of '{_name}' was refused: {_what}", exception)
        {
            PolicyErrors = _errors,
            ChainStatus = _chainStatus,
        };

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (_ask?.Invoke(sender, certificate, chain, errors) ?? errors == SslPolicyErrors.None)
        {
            return true;
        }

        _errors = errors;
        _chainStatus = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        _what = $"{string.Join("; ", Describe(certificate as X509Certificate2, errors))}.";
        return false;
    }

    private IEnumerable<string> Describe(X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            yield return "there is none";
            yield break;
        }

        if (errors == SslPolicyErrors.None)
        {
            yield return "RemoteCertificateValidationCallback said no";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            yield return $"it is for {PeerText.Escape(NamesOf(certificate))}";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            yield return $"its chain has {_chainStatus}";
        }

        if (_chainStatus.HasFlag(X509ChainStatusFlags.NotTimeValid))
        {
            yield return $"it is valid from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}";
        }
    }

    private static string NamesOf(X509Certificate2 certificate)
    {
        try
        {
            var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
                .SelectMany(extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString())));
            return string.Join(", ", names.Take(10)) is { Length: > 0 } list ? list : certificate.Subject;
        }
        catch (CryptographicException)
        {
            return "names that cannot be read";
        }
    }
}
