using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Broker;

/// <summary>What TLS tells about the peer of a connection.</summary>
public static class GhmsConnectionTlsExtensions
{
    extension(GhmsConnection connection)
    {
        /// <summary>The certificate the peer has shown, or <see langword="null"/>: without TLS, without one, or once the connection has ended.</summary>
        public X509Certificate2? ClientCertificate => connection.IsOpen ? connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate : null;
    }
}
