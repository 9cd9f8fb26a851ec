using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Tests.Support;

public sealed record Greeting(string Word) : IMessage
{
    public static uint MessageCode => 10;
}

public sealed record Farewell(string Word) : IMessage
{
    public static uint MessageCode => 11;
}
