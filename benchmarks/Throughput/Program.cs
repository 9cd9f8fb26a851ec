using System.CommandLine;
using Bedrock.Ghms.Throughput.Running;

var root = new RootCommand("Measures how many messages a server handles, and what each of them costs it.")
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
