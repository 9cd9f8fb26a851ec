using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker;

/// <summary>Why a connection ended. The first cause wins; what happens while it ends is not told.</summary>
/// <param name="Cause">Which side ended it, and how.</param>
/// <param name="Status">The status of the Close, or <see cref="CloseStatus.None"/> when there was none.</param>
/// <param name="Reason">The reason of the Close, or a short text. From a peer it is raw: escape it before it goes into a log.</param>
/// <param name="Exception">What went wrong, if something did.</param>
public sealed record ConnectionEnd(ConnectionEndCause Cause, CloseStatus Status, string Reason, Exception? Exception = null)
{
    /// <summary>When to come back, if the Close said so.</summary>
    public TimeSpan? RetryAfter => new CloseMessage(Status, Reason).RetryAfter;

    /// <summary>What happened to the connection, for a sentence that begins with it and ends in a full stop; escaped.</summary>
    internal string Description => Cause switch
    {
        ConnectionEndCause.ClosedHere => $"was closed by this side, {DescribeClose()}",
        ConnectionEndCause.ClosedByPeer => $"was closed by the peer, {DescribeClose()}",
        ConnectionEndCause.EndedByPeer => "was ended by the peer without a Close",
        _ => Exception is null ? "was lost" : $"was lost: {Shown(Exception.Message)}",
    };

    private string DescribeClose() => Reason.Length == 0 ? $"status {(int)Status}" : $"status {(int)Status}: {Shown(Reason)}";

    private static string Shown(string text) => PeerText.Escape(text.TrimEnd('.'));
}
