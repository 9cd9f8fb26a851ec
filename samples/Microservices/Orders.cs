using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server;
using Bedrock.Ghms.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microservices;

/// <summary>Takes a day's orders, has stock set their goods aside, and publishes which are confirmed.</summary>
internal sealed class Orders(StockClient stock, GhmsBroker broker, IConfiguration configuration) : BackgroundService
{
    private static readonly string[] Items = ["tea", "coffee", "cocoa"];

    private int _confirmed;

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Services.AddGhms()
            .AddShopMessages()
            .AddTopics(topics =>
            {
                topics.Retains = _ => true;
                topics.CanPublish = (_, _, _) => ValueTask.FromResult(false);
            });
        builder.Services.AddGhmsClient<StockClient>(client => client
                .AddShopMessages()
                .AddRequests()
                .UseReconnect(options => options.MaxWaitingSends = 1_000))
            .BindConfiguration();
        builder.Services.AddHostedService<Orders>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, builder.Configuration.GetValue("Port", 5002), listen => listen.UseConnectionHandler<GhmsHandler>()));
        builder.Services.AddHostedService<StarterWatch>();

        await using var app = builder.Build();
        await app.RunAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var count = configuration.GetValue("Orders", 200);
        var orders = new List<Task>();
        for (var order = 1; order <= count; order++)
        {
            // Customers do not wait for each other, and come whether stock is there or not.
            orders.Add(TakeAsync(new Reserve(order, Items[order % Items.Length], 1 + (order % 3)), stoppingToken));
            await Task.Delay(10, stoppingToken);
        }

        await Task.WhenAll(orders);
        await broker.PublishAsync("day", new DayEnded(count), stoppingToken);
    }

    private async Task TakeAsync(Reserve reserve, CancellationToken cancellationToken)
    {
        await stock.ReserveAsync(reserve, cancellationToken);
        await broker.PublishAsync($"orders/{reserve.Order}", new Confirmed(reserve.Order), cancellationToken);
        if (Interlocked.Increment(ref _confirmed) is var confirmed && confirmed % 50 == 0)
        {
            Console.WriteLine($"{confirmed} orders are confirmed.");
        }
    }
}
