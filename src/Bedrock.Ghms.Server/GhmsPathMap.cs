using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Server;

/// <summary>Maps paths of one listener to brokers.</summary>
public sealed class GhmsPathMap
{
    private readonly GhmsBrokers _brokers;

    internal GhmsPathMap(GhmsBrokers brokers) => _brokers = brokers;

    internal Dictionary<string, GhmsBroker> Paths { get; } = [];

    /// <summary>Maps <paramref name="path"/>, compared with regard to case and trailing slash once it is percent-decoded.</summary>
    /// <param name="path">A decoded path that begins with a slash.</param>
    /// <param name="name">The name the broker was added with; empty for the one without a name.</param>
    /// <exception cref="InvalidOperationException">There is no such broker.</exception>
    /// <exception cref="ArgumentException">The path is mapped already.</exception>
    public GhmsPathMap Broker(string path, string name = "")
    {
        Paths.Add(path, _brokers.Find(name));
        return this;
    }
}
