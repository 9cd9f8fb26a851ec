using Microsoft.Extensions.Hosting;

namespace Microservices;

/// <summary>Stops a service when its input ends: when the starter closes it, and when there is no starter any more, whatever became of it.</summary>
internal sealed class StarterWatch(IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var input = Console.OpenStandardInput();
        await input.CopyToAsync(Stream.Null, stoppingToken).WaitAsync(stoppingToken);
        lifetime.StopApplication();
    }
}
