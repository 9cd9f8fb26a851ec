using System.CommandLine;
using System.Net;
using Bedrock.Ghms.Throughput.Kinds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>One server, in a process of its own, that reports what it spends to whoever holds its standard input.</summary>
internal static class ServerCommand
{
    public static Command Create()
    {
        var kind = new Option<string>("--kind") { Description = "The server to run.", Required = true };
        kind.AcceptOnlyFromAmong(ServerKinds.Names);
        var work = new Option<Work>("--work") { Description = "What it is to be measured at." };
        var port = new Option<int>("--port") { Description = "The port on 127.0.0.1; 0 is any." };
        var command = new Command("server", "Runs one server; 'cpu' on standard input reports, 'quit' ends.")
        {
            kind, work, port,
        };
        command.SetAction((result, cancellation) => RunAsync(
            ServerKinds.Named(result.GetRequiredValue(kind)),
            result.GetValue(work),
            result.GetValue(port),
            cancellation));
        return command;
    }

    private static async Task RunAsync(IServerKind kind, Work work, int port, CancellationToken cancellation)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
            options.Listen(IPAddress.Loopback, port, endpoint => kind.Listen(endpoint, work)));
        kind.AddServices(builder.Services, work);

        await using WebApplication app = builder.Build();
        await app.StartAsync(cancellation);
        Console.WriteLine($"Listening on {new Uri(app.Urls.Single()).Authority}");
        await ObeyAsync(() => kind.Handled(app.Services), cancellation);
        await app.StopAsync(cancellation);
    }

    private static async Task ObeyAsync(Func<long> handled, CancellationToken cancellation)
    {
        // The end of the input is the end of the process that started this one.
        while (await Console.In.ReadLineAsync(cancellation) is { } line && line != "quit")
        {
            Console.WriteLine(line == "cpu" ? Usage.Now(handled()).ToLine() : "Say 'cpu' or 'quit'.");
        }
    }
}
