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
    private readonly ConcurrentDictionary<string, int> _outdated = [];
    private readonly TaskCompletionSource<DayEnded> _dayEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <returns>The exit code: 0 if the accounts are right.</returns>
    public static async Task<int> RunAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Services.AddGhmsClient("orders", client => client.AddShopMessages().AddTopics()).BindConfiguration();
        builder.Services.AddGhmsClient("stock", client => client
                .AddShopMessages()
                .AddTopics()
                .AddRequests()
                .UseReconnect(options =>
                {
                    // It only looks on: those that have work to do are to be back before it.
                    options.InitialDelay = TimeSpan.FromSeconds(1);
                    options.MaxDelay = TimeSpan.FromSeconds(2);
                    options.MaxWaitingSends = 1;
                }))
            .BindConfiguration();
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
        await Task.WhenAll(
            stock.SubscribeAsync<Level>("stock/+", OnLevel, stoppingToken),
            orders.SubscribeAsync<Confirmed>("orders/+", OnConfirmed, stoppingToken),
            orders.SubscribeAsync<DayEnded>("day", OnDayEnded, stoppingToken));

        var day = await _dayEnded.Task.WaitAsync(stoppingToken);
        var books = await stock.RequestAsync<StockTaken>(new TakeStock(), stoppingToken);
        Environment.ExitCode = IsRight(day, books) ? 0 : 1;
        lifetime.StopApplication();
    }

    private bool IsRight(DayEnded day, StockTaken books)
    {
        var wrong = books.Levels.Count(level => _levels.GetValueOrDefault(level.Item) != level.Count);
        var lost = day.Orders - Math.Min(_confirmed.Count, books.Orders);
        var twice = books.Reservations - books.Orders;
        Console.WriteLine(
            $"{day.Orders} orders: {_confirmed.Count} confirmed, {books.Orders} in the books of stock, {twice} twice, {lost} lost; {wrong} of {books.Levels.Count} levels wrong.");
        return (lost, twice, wrong) == (0, 0, 0);
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
        if (_outdated.TryRemove(level.Item, out var before))
        {
            Console.WriteLine($"The subscription is back: {before} {level.Item} when stock went away, {level.Count} now.");
        }

        _levels[level.Item] = level.Count;
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
            Console.WriteLine("Stock is gone: its levels may be outdated.");
            foreach (var (item, level) in _levels)
            {
                _outdated[item] = level;
            }
        }
    }

    private void Show() => Console.WriteLine(
        $"{_confirmed.Count} orders are confirmed; {string.Join(", ", _levels.OrderBy(level => level.Key).Select(level => $"{level.Value} {level.Key}"))}"
        + (stock.State == GhmsClientState.Connected ? "" : ", when stock was last heard of"));
}
