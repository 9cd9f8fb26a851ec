using System.CommandLine;
using Bedrock.Ghms.Throughput.Kinds;

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
        var command = new Command("server", "Runs one server; 'cpu' and 'memory' on standard input report, 'quit' ends.")
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
        await using IServer server = await kind.StartAsync(work, port, cancellation);
        Console.WriteLine($"Listening on {server.EndPoint}");

        // The end of the input is the end of the process that started this one.
        while (await Console.In.ReadLineAsync(cancellation) is { } line && line != "quit")
        {
            Console.WriteLine(line switch
            {
                "cpu" => (await server.SpentAsync()).ToLine(),
                "memory" => server.Held().ToLine(),
                _ => "Say 'cpu', 'memory' or 'quit'.",
            });
        }
    }
}
