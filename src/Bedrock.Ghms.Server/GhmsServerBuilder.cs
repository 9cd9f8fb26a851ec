using Bedrock.Ghms.Broker;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server;

/// <summary>Builds a broker that the host starts. Not safe for concurrent use.</summary>
public sealed class GhmsServerBuilder : GhmsBuilder<GhmsServerBuilder>
{
    internal GhmsServerBuilder(string name, IServiceCollection services)
    {
        Name = name;
        Services = services;
    }

    /// <summary>The broker's name; empty for the only one.</summary>
    public string Name { get; }

    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; }
}
