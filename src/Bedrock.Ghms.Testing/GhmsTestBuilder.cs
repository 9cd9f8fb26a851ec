using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Testing;

/// <summary>Builds a broker for a test, without a host.</summary>
public sealed class GhmsTestBuilder : GhmsBuilder<GhmsTestBuilder>
{
    /// <summary>Creates the broker.</summary>
    /// <param name="services">Where pipes and handler classes, loggers and the clock come from; from nowhere if <see langword="null"/>.</param>
    /// <inheritdoc cref="GhmsBroker(BrokerDefinition, IServiceProvider)" path="/exception"/>
    public GhmsBroker Build(IServiceProvider? services = null) => new(Definition, services ?? NoServices.Instance);

    private sealed class NoServices : IServiceProvider
    {
        public static NoServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;
    }
}
