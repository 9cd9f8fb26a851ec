using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Server;
using Bedrock.Ghms.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microservices;

/// <summary>Sets goods aside for orders, and publishes what is left of them.</summary>
internal sealed class Stock(Journal journal) : IRequestHandler<Reserve, Reserved>, IRequestHandler<TakeStock, StockTaken>, IDisposable
{
    // Levels are published in the order in which they change.
    private readonly SemaphoreSlim _turn = new(1);

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Services.AddSingleton(new Journal(builder.Configuration.GetValue("Journal", "stock.journal")));
        builder.Services.AddSingleton<Stock>();
        builder.Services.AddGhms()
            .AddShopMessages()
            .AddTopics(topics =>
            {
                topics.Retains = _ => true;
                topics.CanPublish = (_, _, _) => ValueTask.FromResult(false);
            })
            .Conflate<Level>(level => level.Item)
            .Answer<Reserve, Reserved, Stock>()
            .Answer<TakeStock, StockTaken, Stock>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, builder.Configuration.GetValue("Port", 5001), listen => listen.UseConnectionHandler<GhmsHandler>()));
        builder.Services.AddHostedService<StarterWatch>();

        // Before anybody is let in, so that whoever subscribes finds a level for each item.
        await using var app = builder.Build();
        await app.Services.GetRequiredService<Stock>().OpenAsync(app.Services.GetRequiredService<GhmsBroker>());
        await app.RunAsync();
    }

    public async ValueTask<Reserved> AnswerAsync(GhmsConnection connection, Reserve reserve, CancellationToken cancellationToken)
    {
        if (!journal.TryAdd(reserve))
        {
            Console.WriteLine($"Order {reserve.Order} is in the books already: stock had heard of it, and its answer was lost.");
            return new Reserved(reserve.Order);
        }

        // Somebody walks to the shelf.
        await Task.Delay(100, cancellationToken);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await connection.Broker.PublishAsync($"stock/{reserve.Item}", journal.LevelOf(reserve.Item), cancellationToken);
            return new Reserved(reserve.Order);
        }
        finally
        {
            _turn.Release();
        }
    }

    public ValueTask<StockTaken> AnswerAsync(GhmsConnection connection, TakeStock question, CancellationToken cancellationToken) =>
        ValueTask.FromResult(journal.Take());

    public void Dispose() => _turn.Dispose();

    private async Task OpenAsync(GhmsBroker broker)
    {
        foreach (var level in journal.Take().Levels)
        {
            await broker.PublishAsync($"stock/{level.Item}", level);
        }

        Console.WriteLine($"Open, with {journal.Take().Reservations} reservations in the books.");
    }
}
