using System.CommandLine;
using Bedrock.Ghms.Throughput.Running;

var root = new RootCommand("Measures how many messages a server handles, and what each of them costs it.")
{
    RunCommand.Create(),
    ServerCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
