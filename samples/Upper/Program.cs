using System.Net;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Upper;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddGhms()
    .AddJson()
    .AddMessage<Greeting>()
    .UsePipe(new Trace("Server pipe 0:"))
    .UsePipe(new Upper.Upper("Server pipe 1:"))
    .UsePipe(new Trace("Server pipe 2:"))
    .Handle<Greeting>(async (connection, greeting, ct) =>
    {
        Console.WriteLine($"Server handles {greeting}");
        var answer = new Greeting(greeting.Word + " World");
        Console.WriteLine($"Server sends {answer}");

        // Through the broker, and so through its pipes; connection.SendAsync would go past them.
        await connection.Broker.SendAsync(answer, ct);
    });
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseConnectionHandler<GhmsHandler>()));

await using var app = builder.Build();
await app.StartAsync();

var answered = new TaskCompletionSource();
await using var client = await new GhmsClientBuilder()
    .AddJson()
    .AddMessage<Greeting>()
    .Handle<Greeting>((_, greeting, _) =>
    {
        Console.WriteLine($"Client handles {greeting}");
        answered.SetResult();
        return ValueTask.CompletedTask;
    })
    .ConnectAsync(new Uri(app.Urls.Single()));

var hello = new Greeting("Hello");
Console.WriteLine($"Client sends {hello}");
await client.SendAsync(hello);
await answered.Task.WaitAsync(TimeSpan.FromSeconds(10));
