using System.CommandLine;
using System.Globalization;
using System.Net.Sockets;
using Chat;

var port = new Option<int>("--port")
{
    Description = "The port on 127.0.0.1; a server takes any free one for 0.",
    DefaultValueFactory = _ => 5000,
    Recursive = true,
    CustomParser = result =>
    {
        if (!ushort.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            result.AddError("--port must be a number from 0 to 65535.");
        }

        return number;
    },
};
var name = new Argument<string>("name") { Description = "Who you are." };
var room = new Option<string>("--room") { Description = "Where to go first.", DefaultValueFactory = _ => "tea" };
name.Validators.Add(result => Require(result.GetValueOrDefault<string>(), result.AddError));
room.Validators.Add(result => Require(result.GetValueOrDefault<string>(), result.AddError));

var serve = new Command("serve", "Runs the server.");
serve.SetAction((result, stop) => TryAsync(() => Server.RunAsync(result.GetValue(port), Console.Out, stop)));
var command = new RootCommand("A chat in the terminal.") { name, room, port, serve };
command.SetAction((result, stop) => TryAsync(async () =>
{
    using var terminal = new Terminal(Console.In, Console.Out, isScreen: !Console.IsInputRedirected && !Console.IsOutputRedirected);
    await Chatter.RunAsync(result.GetRequiredValue(name), result.GetRequiredValue(room), result.GetValue(port), terminal, stop);
}));

var parsed = command.Parse(args);
if (parsed.Errors.Count == 0)
{
    return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(15) });
}

foreach (var error in parsed.Errors)
{
    await Console.Error.WriteLineAsync(PlainText.Of(error.Message));
}

await command.Parse("--help").InvokeAsync(new InvocationConfiguration { Output = Console.Error });
return 2;

static void Require(string? name, Action<string> addError)
{
    if (name is null || !Protocol.IsName(name))
    {
        addError("A name is 1 to 32 letters, digits, - and _.");
    }
}

static async Task<int> TryAsync(Func<Task> run)
{
    try
    {
        await run();
        return 0;
    }
    catch (OperationCanceledException)
    {
        return 0;
    }
    catch (Exception exception) when (exception is ChatException or IOException or SocketException)
    {
        await Console.Error.WriteLineAsync(PlainText.Of(exception.Message));
        return 1;
    }
}
