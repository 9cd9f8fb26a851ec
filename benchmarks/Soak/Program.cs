using System.CommandLine;
using Bedrock.Ghms.Soak;
using Bedrock.Ghms.Soak.Serving;

var root = new RootCommand("Loads a server that is killed, stopped, paused and cut off again and again, and accounts for every message.")
{
    RunCommand.Create(),
    ServerCommand.Create(),
};
ParseResult parsed = root.Parse(args);
return await parsed.InvokeAsync(new InvocationConfiguration
{
    // Usage that was not asked for is part of the error.
    Output = parsed.Errors.Count > 0 ? Console.Error : Console.Out,
});
