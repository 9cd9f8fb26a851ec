using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds GHMS brokers to an application.</summary>
public static class GhmsServiceCollectionExtensions
{
    /// <summary>Adds the application's only broker, a singleton that can be injected as <see cref="GhmsBroker"/>.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Changes the broker's settings.</param>
    public static GhmsServerBuilder AddGhms(this IServiceCollection services, Action<GhmsBrokerOptions>? configure = null)
    {
        var builder = services.AddGhms("", configure);
        services.AddSingleton(static services => services.GetRequiredKeyedService<GhmsBroker>(""));
        return builder;
    }

    /// <summary>Adds one of several brokers, a singleton that can be injected with <c>[FromKeyedServices(name)]</c>.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="name">The broker's name.</param>
    /// <param name="configure">Changes the broker's settings.</param>
    /// <exception cref="ArgumentException">A broker of this name was added already.</exception>
    public static GhmsServerBuilder AddGhms(this IServiceCollection services, string name, Action<GhmsBrokerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        if (services.Any(service => service.IsKeyedService && service.ServiceType == typeof(GhmsBroker) && name.Equals(service.ServiceKey)))
        {
            throw new ArgumentException($"A GHMS broker named '{name}' was added already.", nameof(name));
        }

        var builder = new GhmsServerBuilder(name, services);
        if (configure is not null)
        {
            builder.Configure(configure);
        }

        services.AddSingleton(builder);
        services.AddKeyedSingleton(name, (services, _) => new GhmsBroker(builder.Definition, services));
        services.TryAddSingleton<GhmsBrokers>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, GhmsBrokers>(static services => services.GetRequiredService<GhmsBrokers>()));
        return builder;
    }
}
