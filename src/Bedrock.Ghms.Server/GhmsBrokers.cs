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
    private GhmsBroker[] _started = [];

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

    /// <summary>All brokers, in the order added.</summary>
    public IEnumerable<GhmsBroker> All => _builders.Select(builder => Find(builder.Name));

    public static GhmsBrokers Of(IServiceProvider services) =>
        services.GetService<GhmsBrokers>()
        ?? throw new InvalidOperationException("No GHMS broker is registered: call builder.Services.AddGhms() first.");

    public GhmsBroker Find(string name) =>
        services.GetKeyedService<GhmsBroker>(name)
        ?? throw new InvalidOperationException($"No GHMS broker is named '{name}': call builder.Services.AddGhms(\"{name}\") first.");

    Task IHostedService.StartAsync(CancellationToken cancellationToken)
    {
        _started = [.. _builders.Select(builder => Find(builder.Name))];
        return Task.CompletedTask;
    }

    // Kestrel, which stops first, has ended each connection by now. Their handlers may still be at work with the application's
    // services, which the container disposes of next, and the brokers with them.
    Task IHostedService.StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAny(
            Task.WhenAll(_started.Select(broker => broker.HandlersDoneAsync())),
            Task.Delay(Timeout.Infinite, cancellationToken));

    private GhmsBroker TheOnlyBroker() =>
        _builders.Count == 1
            ? Find(_builders[0].Name)
            : throw new InvalidOperationException(
                $"{_builders.Count} GHMS brokers are registered and cannot share every path: map each with listen.UseGhms(map => map.Broker(path, name)).");
}
