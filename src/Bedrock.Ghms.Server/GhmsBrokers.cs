using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Upgrades;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bedrock.Ghms.Server;

/// <summary>The brokers of an application. The host starts them all, so that a mistake in one of them stops it from starting.</summary>
internal sealed class GhmsBrokers(IServiceProvider services, IEnumerable<GhmsServerBuilder> builders) : IHostedService
{
    private readonly List<GhmsServerBuilder> _builders = [.. builders];
    private readonly Lock _sync = new();
    private UpgradeEndpoint? _everyPath;

    /// <summary>The endpoint at which the only broker takes every path; all listeners share it.</summary>
    public UpgradeEndpoint EveryPath
    {
        get
        {
            lock (_sync)
            {
                return _everyPath ??= new UpgradeEndpoint(TheOnlyBroker());
            }
        }
    }

    public static GhmsBrokers Of(IServiceProvider services) =>
        services.GetService<GhmsBrokers>()
        ?? throw new InvalidOperationException("No GHMS broker is registered: call builder.Services.AddGhms() first.");

    public GhmsBroker Find(string name) =>
        services.GetKeyedService<GhmsBroker>(name)
        ?? throw new InvalidOperationException($"No GHMS broker is named '{name}': call builder.Services.AddGhms(\"{name}\") first.");

    Task IHostedService.StartAsync(CancellationToken cancellationToken)
    {
        _builders.ForEach(builder => Find(builder.Name));
        return Task.CompletedTask;
    }

    // Kestrel asks each connection to end before this would be called; the container disposes the brokers.
    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private GhmsBroker TheOnlyBroker() =>
        _builders.Count == 1
            ? Find(_builders[0].Name)
            : throw new InvalidOperationException(
                $"{_builders.Count} GHMS brokers are registered and cannot share every path: map each with listen.UseGhms(map => map.Broker(path, name)).");
}
