using Microsoft.Extensions.Hosting;

namespace Microservices;

/// <summary>Stops a service when its input ends: when the starter closes it, and when there is no starter any more, whatever became of it.</summary>
internal sealed class StarterWatch(IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A host that is stopped while it starts fails.
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);

        await using var input = Console.OpenStandardInput();
        await input.CopyToAsync(Stream.Null, stoppingToken).WaitAsync(stoppingToken);
        lifetime.StopApplication();
    }
}
