using System.Net;
using System.Net.Sockets;
using Bedrock.Ghms;
using Bedrock.Ghms.Broker;
#if MESSAGEPACK
using Bedrock.Ghms.MessagePack;
#endif
using Bedrock.Ghms.Server;
using Bedrock.Ghms.Topics;
using EchoServer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

return await EchoOptions.RunAsync(args, ServeAsync);

static async Task<int> ServeAsync(EchoOptions options)
{
    var builder = WebApplication.CreateSlimBuilder();

    // Nothing but the line below goes to stdout. What peers do wrong is no news here, and a start that fails is told below.
    builder.Logging
        .SetMinimumLevel(LogLevel.Warning)
        .AddFilter("Bedrock.Ghms", LogLevel.Critical)
        .AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
    builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    var broker = builder.Services.AddGhms(ghms =>
        {
            ghms.MaxMessageSize = options.MaxMessageSize;
            ghms.MaxConnections = options.MaxConnections;
            ghms.Timeout = TimeSpan.FromMilliseconds(options.Timeout);
            ghms.Upgrade.HeaderTimeout = TimeSpan.FromMilliseconds(options.HeaderTimeout);
        })
        .AddJson(MessagesJson.Default)
        .AddTopics(topics => topics.Retains = _ => true)
        .Handle<Message>(EchoAsync)
        .Handle<Blob>(EchoAsync)
        .Handle<Announcement>(AnnounceAsync)
        .Handle<Failure>((_, failure, _) => throw new InvalidOperationException(failure.Word))
        .Answer<Message, Message>((_, message, _) => new(Answers.Upper(message)))
        .Answer<Blob, Blob>((_, blob, ct) => Answers.LaterAsync(blob, ct))
        .Answer<Failure, Failure>((_, failure, _) => throw new InvalidOperationException(failure.Word))
        .AnswerStream<Count, Message>((_, count, _) => Answers.Numbers(count));
    if (options.Binary)
    {
        AddBinary(broker);
    }
    else
    {
        AddMessages(broker);
    }

    builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, options.Port, listen => Listen(listen, options.Path)));

    await using var app = builder.Build();
    try
    {
        await app.StartAsync();
    }
    catch (Exception exception) when (exception is IOException or SocketException)
    {
        await Console.Error.WriteLineAsync(exception.Message);
        return 1;
    }

    var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
    Console.WriteLine($"Listening on 127.0.0.1:{new Uri(address).Port}");
    await app.WaitForShutdownAsync();
    return 0;
}

static void AddMessages(GhmsServerBuilder broker) => broker
#if MESSAGEPACK
    .AddMessagePack()
#endif
    .AddMessage<Message>(code: 10)
    .AddMessage<Blob>(code: 11)
    .AddMessage<Announcement>(code: 12)
    .AddMessage<Failure>(code: 13)
    .AddMessage<Count>(code: 14);

// Messages that read themselves come from factories, which MessagePack does not take.
static void AddBinary(GhmsServerBuilder broker) => broker
    .AddBinary()
    .AddMessage(code: 10, () => new Message { Word = "" })
    .AddMessage(code: 11, () => new Blob { Data = [] })
    .AddMessage(code: 12, () => new Announcement { Word = "" })
    .AddMessage(code: 13, () => new Failure { Word = "" })
    .AddMessage(code: 14, () => new Count { To = 0 });

static void Listen(ListenOptions listen, string? path)
{
    if (path is null)
    {
        listen.UseConnectionHandler<GhmsHandler>();
    }
    else
    {
        listen.UseGhms(map => map.Broker(path));
    }
}

static async ValueTask EchoAsync(GhmsConnection connection, object message, CancellationToken cancellationToken)
{
    try
    {
        await connection.SendAsync(message, cancellationToken);
    }
    catch (GhmsMessageTooLargeException)
    {
        // The peer accepts less than it sends: there is no echo for it, and nothing else is wrong.
    }
}

static async ValueTask AnnounceAsync(GhmsConnection connection, Announcement message, CancellationToken cancellationToken)
{
    try
    {
        await connection.Broker.SendAsync(message, cancellationToken);
    }
    catch (GhmsException exception) when (exception is GhmsSendFailedException or GhmsMessageTooLargeException)
    {
        // A connection that accepts less misses this announcement; all others have it.
    }
}
