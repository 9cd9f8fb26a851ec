using Bedrock.Ghms.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Client.Hosting;

/// <summary>Makes and connects the application's clients when the host starts, and closes them when it stops.</summary>
internal sealed partial class ClientHost(IServiceProvider services, IEnumerable<GhmsHostedClientBuilder> builders, ILogger<ClientHost> logger) : IHostedService
{
    private readonly GhmsHostedClientBuilder[] _builders = [.. builders];
    private readonly ILogger _logger = logger;
    private GhmsClient[] _clients = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // All are made before one connects, so that a mistake in one of them is told before anything has happened.
        _clients = [.. _builders.Select(builder => services.GetRequiredKeyedService<GhmsClient>(builder.Name))];
        for (var i = 0; i < _clients.Length; i++)
        {
            _ = ConnectAsync(_clients[i], _builders[i].DisplayName);
        }

        return Task.CompletedTask;
    }

    // The container disposes of the clients next, and of what their handlers use: those are given the time that the host gives.
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var stopping = Task.WhenAll(_clients.Select(StopAsync));
        await Task.WhenAny(stopping, Task.Delay(Timeout.Infinite, cancellationToken)).ConfigureAwait(false);
        if (!stopping.IsCompleted)
        {
            Array.ForEach(_clients, client => client.Broker.Abort("The host does not wait any longer."));
        }
    }

    private static async Task StopAsync(GhmsClient client)
    {
        await client.DisposeAsync().ConfigureAwait(false);
        await client.Broker.HandlersDoneAsync().ConfigureAwait(false);
    }

    private async Task ConnectAsync(GhmsClient client, string name)
    {
        try
        {
            await Task.Yield();
            await client.ConnectAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (client.State != GhmsClientState.Closed)
        {
            LogGaveUp(name, PeerText.Escape($"{exception.GetType().Name}: {exception.Message}"));
        }
        catch (GhmsConnectionClosedException)
        {
            // The host has stopped before there was a connection.
        }
    }

    [LoggerMessage(80, LogLevel.Error, "{Client} has given up connecting: {Reason}", EventName = "HostedClientGaveUp")]
    private partial void LogGaveUp(string client, string reason);
}
