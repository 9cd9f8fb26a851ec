using System.CommandLine;
using System.Globalization;

namespace EchoServer;

/// <summary>The command line of the echo server.</summary>
internal sealed record EchoOptions(int Port, string? Path, int MaxMessageSize, int MaxConnections, int Timeout, int HeaderTimeout, bool Binary)
{
    /// <summary>Reads <paramref name="args"/> and runs <paramref name="serve"/>; usage goes to stderr, with exit code 2, when they are wrong.</summary>
    public static async Task<int> RunAsync(string[] args, Func<EchoOptions, Task<int>> serve)
    {
        var port = Number("--port", 5000, 0, 65_535, "The port on 127.0.0.1; 0 takes any free one.");
        var path = new Option<string?>("--path") { Description = "The only path to take; every path by default." };
        path.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>()?.StartsWith('/') == false)
            {
                result.AddError("--path must begin with a slash.");
            }
        });
        var maxMessageSize = Number("--max-message-size", 1_000_000, 1, int.MaxValue / 2, "The largest payload in bytes.");
        var maxConnections = Number("--max-connections", 100, 1, int.MaxValue, "How many upgraded connections there may be.");
        var timeout = Number("--timeout", 30_000, 100, 3_600_000, "How long to wait for bytes from a peer, in milliseconds.");
        var headerTimeout = Number("--header-timeout", 30_000, 1, 3_600_000, "How long a request header may take, in milliseconds.");
        var binary = new Option<bool>("--binary") { Description = "Speak JSON and application/octet-stream, not MessagePack." };
        var command = new RootCommand("Echoes GHMS/0.1 messages in JSON and MessagePack.")
        {
            port, path, maxMessageSize, maxConnections, timeout, headerTimeout, binary,
        };

        var parsed = command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await command.Parse("--help").InvokeAsync(new InvocationConfiguration { Output = Console.Error });
            return 2;
        }

        command.SetAction(result => serve(new EchoOptions(
            result.GetValue(port),
            result.GetValue(path),
            result.GetValue(maxMessageSize),
            result.GetValue(maxConnections),
            result.GetValue(timeout),
            result.GetValue(headerTimeout),
            result.GetValue(binary))));

        // Signals belong to the host, which stops cleanly on them.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static Option<int> Number(string name, int value, int min, int max, string description) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= min && number <= max)
            {
                return number;
            }

            result.AddError($"{name} must be a number from {min} to {max}.");
            return value;
        },
    };
}
