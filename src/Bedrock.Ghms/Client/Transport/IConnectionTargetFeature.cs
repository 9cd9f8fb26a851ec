using System.Net;

namespace Bedrock.Ghms.Client.Transport;

/// <summary>
/// Which server a client's connection is for. <see cref="GhmsClientBuilder"/> adds it to the features of a connection before
/// its middleware runs; with a client of another maker a middleware of yours has to, in front of one that needs it.
/// </summary>
public interface IConnectionTargetFeature
{
    /// <summary>Where the server listens. The transport may have connected to a proxy instead.</summary>
    EndPoint EndPoint { get; }

    /// <summary>The name that the server's certificate has to be for: a DNS name or an IP address, without a port.</summary>
    string HostName { get; }

    /// <summary>Whether TLS has been asked for, as by an <c>https</c> URI.</summary>
    bool IsTls { get; }
}
