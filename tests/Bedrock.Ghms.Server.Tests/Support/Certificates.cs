using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Certificates that sign themselves, made for one run.</summary>
internal static class Certificates
{
    public static X509Certificate2 Server { get; } = Make("localhost");

    public static X509Certificate2 Client { get; } = Make("ann");

    /// <summary>How a client connects that knows the server's certificate.</summary>
    /// <param name="shown">The client's own certificate, if it has one to show.</param>
    public static SslClientAuthenticationOptions TrustServer(X509Certificate2? shown = null) => new()
    {
        TargetHost = "localhost",
        ClientCertificates = shown is null ? null : [shown],
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == Server.GetCertHashString(),
    };

    private static X509Certificate2 Make(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));

        // A key that was made in memory cannot be used by every platform's TLS.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
