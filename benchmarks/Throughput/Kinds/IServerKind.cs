using Bedrock.Ghms.Throughput.Wires;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>A server to be measured: ours, or what a user would pick instead.</summary>
internal interface IServerKind
{
    string Name { get; }

    IWire Wire { get; }

    /// <summary>Why the kind cannot be measured on this machine, if it cannot.</summary>
    string? Missing => null;

    /// <summary>Whether the kind has this work in it, and differs at it from the others.</summary>
    bool Does(Work work);

    /// <summary>Starts a server on 127.0.0.1 that is set up for one work.</summary>
    Task<IServer> StartAsync(Work work, int port, CancellationToken cancellation);
}
