namespace Bedrock.Ghms.Broker;

/// <summary>Builds a broker, on a server or a client; what packages with encodings and pipes extend.</summary>
public interface IGhmsBuilder
{
    /// <summary>What has been gathered so far.</summary>
    BrokerDefinition Definition { get; }
}
