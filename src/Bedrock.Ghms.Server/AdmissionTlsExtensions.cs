using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Broker;

/// <summary>What TLS tells about the peer that asks for an upgrade.</summary>
public static class AdmissionTlsExtensions
{
    extension(AdmissionContext request)
    {
        /// <summary>The certificate the peer has shown, or <see langword="null"/>: without TLS, or without one.</summary>
        public X509Certificate2? ClientCertificate => request.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
    }
}
