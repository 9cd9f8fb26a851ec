using Bedrock.Ghms.Broker;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Client.Hosting;

/// <summary>Sets up a client that the host starts and stops. Not safe for concurrent use.</summary>
public sealed class GhmsHostedClientBuilder
{
    private readonly List<Action<IServiceProvider, GhmsClientBuilder>> _configure = [];

    internal GhmsHostedClientBuilder(string name, IServiceCollection services)
    {
        Name = name;
        Services = services;
    }

    /// <summary>The client's name; empty for the one without.</summary>
    public string Name { get; }

    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>What logs and errors call the client.</summary>
    internal string DisplayName => Name.Length == 0 ? "The GHMS client" : $"The GHMS client '{Name}'";

    /// <summary>Sets up the client when it is made, with the application's services at hand.</summary>
    /// <param name="configure">Called once, when the host starts or somebody asks for the client before that.</param>
    public GhmsHostedClientBuilder Configure(Action<IServiceProvider, GhmsClientBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        _configure.Add(configure);
        return this;
    }

    /// <summary>Reads the client's servers and settings from the application's configuration when it is made; what is not there stays as it is.</summary>
    /// <remarks>
    /// <c>Servers</c> is a URI or a list of them, <c>Reconnect</c> a section with the settings of <see cref="GhmsReconnectOptions"/>; beside them stand
    /// those of <see cref="GhmsBrokerOptions"/> that matter to a client. An unknown key and a value that cannot be read keep the host from starting, as a setting
    /// out of bounds does; the error names the key.
    /// </remarks>
    /// <param name="sectionPath">The section; by default <c>Ghms:Client</c> for the client without a name and <c>Ghms:Clients:NAME</c> for any other.</param>
    public GhmsHostedClientBuilder BindConfiguration(string? sectionPath = null) => Configure((services, client) =>
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        if (sectionPath is null)
        {
            ClientSettings.BindDefault(configuration, Name, services.GetServices<GhmsHostedClientBuilder>().Select(builder => builder.Name), client);
        }
        else
        {
            ClientSettings.Bind(configuration.GetSection(sectionPath), client);
        }
    });

    internal GhmsClient Build(IServiceProvider services)
    {
        var client = new GhmsClientBuilder().UseServices(services).UseReconnect();
        if (Name.Length > 0)
        {
            client.Definition.Name = Name;
        }

        _configure.ForEach(configure => configure(services, client));
        if (services.GetKeyedService<IConnectionFactory>(Name) is { } transport)
        {
            client.UseConnectionFactory(transport);
        }

        client.Definition.Options.Add((_, options) =>
        {
            if (!client.HasServers)
            {
                options.Sources.Failures.Add($"{DisplayName} has no server to connect to: call ConnectTo, or bind a configuration that has Servers.");
            }
        });
        return client.BuildAsItIs();
    }
}
