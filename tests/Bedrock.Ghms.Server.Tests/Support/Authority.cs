using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>A certificate authority that was made for one run, and whom only those trust who are told to.</summary>
internal static class Authority
{
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static X509Certificate2 Root { get; } = MakeRoot();

    /// <summary>Trusts this authority and no other.</summary>
    public static void Trust(SslClientAuthenticationOptions options) => options.CertificateChainPolicy = new X509ChainPolicy
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { Root },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    /// <summary>A certificate for a DNS name or an IP address.</summary>
    public static X509Certificate2 Issue(string name, int validFromDays = -2, int validToDays = 2)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(Root, now.AddDays(validFromDays), now.AddDays(validToDays), Guid.NewGuid().ToByteArray());
        using var withKey = certificate.CopyWithPrivateKey(key);

        // A key that was made in memory cannot be used by every platform's TLS.
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    private static X509Certificate2 MakeRoot()
    {
        var request = new CertificateRequest("CN=Authority of one run", Key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-10), now.AddDays(10));
    }
}
