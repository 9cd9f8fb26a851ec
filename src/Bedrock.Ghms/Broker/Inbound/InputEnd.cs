namespace Bedrock.Ghms.Broker.Inbound;

/// <summary>Why a read loop stopped taking messages.</summary>
internal enum InputEnd
{
    /// <summary>This side has ended the connection; what still arrives is discarded.</summary>
    EndedHere,

    /// <summary>The peer sent a Close, or ended its side between two messages: nothing more will arrive.</summary>
    EndedByPeer,

    /// <summary>The peer broke the protocol; see <see cref="ReadLoop.Violation"/>.</summary>
    Violated,

    /// <summary>The transport failed.</summary>
    Lost,
}
