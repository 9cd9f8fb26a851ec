namespace Bedrock.Ghms.Broker;

/// <summary>How a server treats connections that have not been upgraded yet.</summary>
public sealed class UpgradeOptions
{
    /// <summary>How long the request header may take from the connection's start. Default 30 seconds.</summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the host's own check of a request may take; then the answer is 503. Default 10 seconds.</summary>
    public TimeSpan AdmissionTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many unfinished upgrades there may be at once; further connections are closed without an answer. Default 1,000.</summary>
    public int MaxPending { get; set; } = 1_000;

    /// <summary>The request header fields to keep on <see cref="GhmsConnection.Headers"/>; none by default, so that idle connections stay small.</summary>
    public IList<string> KeptHeaders { get; } = [];
}
