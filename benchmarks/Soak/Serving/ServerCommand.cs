using System.CommandLine;
using System.Net;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Server;
using Bedrock.Ghms.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Soak.Serving;

/// <summary>The server, in a process of its own: it takes down what arrives, answers requests, and relays publications.</summary>
internal static class ServerCommand
{
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromMilliseconds(40);

    public static Command Create()
    {
        var journal = new Option<string>("--journal") { Description = "The file that arrivals are appended to.", Required = true };
        var timeout = new Option<int>("--timeout") { Description = "Milliseconds of silence before a connection is given up.", Required = true };
        var command = new Command("server", "Serves on a free port of 127.0.0.1, until the standard input ends.") { journal, timeout };
        command.SetAction((result, cancellation) => RunAsync(
            result.GetRequiredValue(journal), TimeSpan.FromMilliseconds(result.GetRequiredValue(timeout)), cancellation));
        return command;
    }

    private static async Task RunAsync(string path, TimeSpan timeout, CancellationToken cancellation)
    {
        using var journal = new Journal(path);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGhms(options => options.Timeout = timeout)
            .AddMessagePack()
            .AddMessage<Numbered>(code: 10)
            .AddMessage<Receipt>(code: 11)
            .AddTopics()
            .Handle<Numbered>((_, message, _) =>
            {
                TakeDown(journal, message);
                return ValueTask.CompletedTask;
            })
            .Answer<Numbered, Receipt>(async (_, message, ct) =>
            {
                TakeDown(journal, message);
                if (message.Stream == Numbered.SlowStream)
                {
                    await Task.Delay(SlowAnswer, ct);
                }

                return new Receipt(message.Number);
            });
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseConnectionHandler<GhmsHandler>()));
        await using var app = builder.Build();
        await app.StartAsync(cancellation);
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        Console.WriteLine($"Listening on 127.0.0.1:{new Uri(address).Port}");

        // The end of the input is the end of the process that started this one; a signal ends the host.
        _ = EndWithInputAsync(app.Lifetime);
        await app.WaitForShutdownAsync(cancellation);
    }

    private static void TakeDown(Journal journal, Numbered message)
    {
        if (!message.IsWhole())
        {
            throw new InvalidDataException("The message is not what was sent.");
        }

        journal.Write(JournalEntry.Of(message));
    }

    private static async Task EndWithInputAsync(IHostApplicationLifetime lifetime)
    {
        // The console's own reader would block this thread.
        using var input = Console.OpenStandardInput();
        while (await input.ReadAsync(new byte[16]) > 0)
        {
        }

        lifetime.StopApplication();
    }
}
