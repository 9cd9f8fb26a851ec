namespace Bedrock.Ghms.Broker;

/// <summary>How a server treats connections that have not been upgraded yet.</summary>
public sealed class UpgradeOptions
{
    /// <summary>How long the request header may take from the connection's start. Default 30 seconds.</summary>
    /// <remarks>On a raw listener, where the first of several brokers sets it; requests to a mapped endpoint are read by the host, in its own time.</remarks>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the host's own check of a request may take; then the answer is 503. Default 10 seconds.</summary>
    public TimeSpan AdmissionTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many unfinished upgrades there may be at once; further connections are closed without an answer. Default 1,000.</summary>
    /// <remarks>Each endpoint counts its own. On a raw listener connections count from their start, and the first of several brokers sets the limit; on a
    /// mapped endpoint only requests that the host's own check is asked about count.</remarks>
    public int MaxPending { get; set; } = 1_000;

    /// <summary>The request header fields to keep on <see cref="GhmsConnection.Headers"/>; none by default, so that idle connections stay small.</summary>
    public IList<string> KeptHeaders { get; } = [];
}
