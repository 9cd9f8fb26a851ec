using System.Collections.Concurrent;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices;

/// <summary>Shows what orders and stock publish, and does the accounts when the day has ended.</summary>
internal sealed class Dashboard(
    [FromKeyedServices("orders")] GhmsClient orders,
    [FromKeyedServices("stock")] GhmsClient stock,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    private readonly ConcurrentDictionary<int, Confirmed> _confirmed = [];
    private readonly ConcurrentDictionary<string, int> _levels = [];
    private readonly ConcurrentDictionary<string, bool> _outdated = [];
    private readonly TaskCompletionSource<DayEnded> _dayEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <returns>The exit code: 0 if the accounts are right.</returns>
    public static async Task<int> RunAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Services.AddGhmsClient("orders", client => client.AddShopMessages().AddTopics()).BindConfiguration();
        builder.Services.AddGhmsClient("stock", client => client.AddShopMessages().AddTopics().AddRequests()).BindConfiguration();
        builder.Services.AddHostedService<Dashboard>();
        builder.Services.AddHostedService<StarterWatch>();

        // Until the accounts are right.
        Environment.ExitCode = 1;
        using var host = builder.Build();
        await host.RunAsync();
        return Environment.ExitCode;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        stock.StateChanged += (_, change) => OnStockChanged(change);
        await stock.WaitForConnectedAsync(stoppingToken);
        await stock.SubscribeAsync<Level>("stock/+", OnLevel, stoppingToken);
        await orders.WaitForConnectedAsync(stoppingToken);
        await orders.SubscribeAsync<Confirmed>("orders/+", OnConfirmed, stoppingToken);
        await orders.SubscribeAsync<DayEnded>("day", OnDayEnded, stoppingToken);

        var ended = await _dayEnded.Task.WaitAsync(stoppingToken);
        var taken = await stock.RequestAsync<StockTaken>(new TakeStock(), stoppingToken);
        Show();
        Console.WriteLine(
            $"{ended.Orders} orders: {_confirmed.Count} confirmed, {taken.Orders} reserved, {taken.Reservations - taken.Orders} reserved twice, {ended.Orders - taken.Orders} lost.");
        var isRight = _confirmed.Count == ended.Orders && taken.Orders == ended.Orders && taken.Reservations == taken.Orders
            && taken.Levels.All(level => _levels.GetValueOrDefault(level.Item) == level.Count);
        Environment.ExitCode = isRight ? 0 : 1;
        lifetime.StopApplication();
    }

    private ValueTask OnConfirmed(string topic, Confirmed confirmed, CancellationToken cancellationToken)
    {
        if (_confirmed.TryAdd(confirmed.Order, confirmed) && _confirmed.Count % 50 == 0)
        {
            Show();
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask OnLevel(string topic, Level level, CancellationToken cancellationToken)
    {
        var before = _levels.GetValueOrDefault(level.Item);
        _levels[level.Item] = level.Count;
        if (_outdated.TryRemove(level.Item, out _))
        {
            Console.WriteLine($"Caught up with {level.Item}: {before} when stock went away, {level.Count} now.");
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask OnDayEnded(string topic, DayEnded ended, CancellationToken cancellationToken)
    {
        _dayEnded.TrySetResult(ended);
        return ValueTask.CompletedTask;
    }

    private void OnStockChanged(GhmsClientStateChange change)
    {
        if (change.Old == GhmsClientState.Connected && change.New != GhmsClientState.Closed)
        {
            Console.WriteLine("Stock is gone: what is shown of it may be outdated.");
            foreach (var item in _levels.Keys)
            {
                _outdated[item] = true;
            }
        }
        else if (change.New == GhmsClientState.Connected)
        {
            Console.WriteLine("Stock is there, and what was subscribed to is subscribed to.");
        }
    }

    private void Show() => Console.WriteLine(
        $"{_confirmed.Count} orders confirmed; {string.Join(", ", _levels.OrderBy(level => level.Key).Select(level => $"{level.Value} {level.Key}"))}"
        + (stock.State == GhmsClientState.Connected ? "" : ", when last heard of"));
}
