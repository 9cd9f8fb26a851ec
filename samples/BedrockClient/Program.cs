using System.Net;
using Bedrock.Framework;
using Bedrock.Ghms.BedrockFramework;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server;
using BedrockClient;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Bedrock.Framework", args.Contains("--log") ? LogLevel.Debug : LogLevel.None);
builder.Services.AddGhms()
    .AddJson()
    .AddMessage<Greeting>(code: 10)
    .Handle<Greeting>((connection, greeting, ct) => connection.SendAsync(new Greeting(greeting.Word + " World"), ct));
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseConnectionHandler<GhmsHandler>()));

await using var app = builder.Build();
await app.StartAsync();
var uri = new Uri(app.Urls.Single());

// A GHMS client whose connections come from Bedrock's: its transport, and its middleware around that.
var answered = new TaskCompletionSource<Greeting>();
await using (var client = await new GhmsClientBuilder()
    .AddJson()
    .AddMessage<Greeting>(code: 10)
    .Handle<Greeting>((_, greeting, _) =>
    {
        answered.SetResult(greeting);
        return ValueTask.CompletedTask;
    })
    .UseConnectionFactory(new ClientBuilder(app.Services).UseSockets().UseTransportCompletion().UseConnectionLogging().Build())
    .ConnectAsync(uri))
{
    await client.SendAsync(new Greeting("Hello"));
    Console.WriteLine($"A client over Bedrock: {await answered.Task.WaitAsync(TimeSpan.FromSeconds(10))}");
}

// The same without a client: frame by frame.
await Frames.SpeakAsync(app.Services, uri);
