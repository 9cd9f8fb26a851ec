using System.Diagnostics.CodeAnalysis;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Client.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds GHMS clients to an application.</summary>
public static class GhmsClientServiceCollectionExtensions
{
    /// <summary>Adds a client, a singleton that can be injected as <see cref="GhmsClient"/>.</summary>
    /// <remarks>
    /// It is made when the host starts, so that a mistake in its setup keeps the host from starting, and then connects in the background and stays connected: a server that is
    /// down does not keep the host from starting. When the host stops, it is closed with status 1000. Loggers, the clock, handlers and pipes come from the application's services,
    /// as does the transport if an <c>IConnectionFactory</c> is there under the client's name: the empty one for this client.
    /// </remarks>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets up the client; called once, when it is made.</param>
    public static GhmsHostedClientBuilder AddGhmsClient(this IServiceCollection services, Action<GhmsClientBuilder>? configure = null)
    {
        var builder = services.AddGhmsClient("", configure);
        services.AddSingleton(static services => services.GetRequiredKeyedService<GhmsClient>(""));
        return builder;
    }

    /// <summary>Adds one of several clients, a singleton that can be injected with <c>[FromKeyedServices(name)]</c>.</summary>
    /// <inheritdoc cref="AddGhmsClient(IServiceCollection, Action{GhmsClientBuilder}?)"/>
    /// <param name="services">The application's services.</param>
    /// <param name="name">The client's name, also in metrics and health checks.</param>
    /// <param name="configure">Sets up the client; called once, when it is made.</param>
    /// <exception cref="ArgumentException">A client of this name was added already.</exception>
    public static GhmsHostedClientBuilder AddGhmsClient(this IServiceCollection services, string name, Action<GhmsClientBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        if (services.Any(service => service.IsKeyedService && service.ServiceType == typeof(GhmsClient) && name.Equals(service.ServiceKey)))
        {
            throw new ArgumentException($"A GHMS client named '{name}' was added already.", nameof(name));
        }

        var builder = new GhmsHostedClientBuilder(name, services);
        if (configure is not null)
        {
            builder.Configure((_, client) => configure(client));
        }

        services.AddSingleton(builder);
        services.AddKeyedSingleton(name, (services, _) => new ClientWatch(builder.Build(services)));
        services.AddKeyedSingleton(name, static (services, name) => services.GetRequiredKeyedService<ClientWatch>(name).Client);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ClientHost>());
        return builder;
    }

    /// <summary>Adds a client for one class, a singleton whose constructor takes a <see cref="GhmsClient"/>, beside other services. The client's name is that of the class.</summary>
    /// <inheritdoc cref="AddGhmsClient(IServiceCollection, Action{GhmsClientBuilder}?)"/>
    /// <typeparam name="TClient">The class.</typeparam>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets up the client; called once, when it is made.</param>
    /// <exception cref="ArgumentException">A client of this name was added already.</exception>
    public static GhmsHostedClientBuilder AddGhmsClient<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TClient>(
        this IServiceCollection services, Action<GhmsClientBuilder>? configure = null)
        where TClient : class
    {
        var name = typeof(TClient).Name;
        var builder = services.AddGhmsClient(name, configure);
        services.AddSingleton(services => ActivatorUtilities.CreateInstance<TClient>(services, services.GetRequiredKeyedService<GhmsClient>(name)));
        return builder;
    }
}
