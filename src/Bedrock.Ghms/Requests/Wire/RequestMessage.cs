namespace Bedrock.Ghms.Requests.Wire;

/// <summary>A message of this extension; each knows what it does where it arrives.</summary>
internal abstract class RequestMessage
{
    /// <summary>Chosen by the asker, and unique among its open requests on one connection.</summary>
    public ulong Id { get; set; }

    /// <summary>Does its work at the end that received it, and may not be used after that.</summary>
    /// <exception cref="GhmsProtocolException">The peer may not send this.</exception>
    public abstract void Arrive(Exchange exchange);
}
