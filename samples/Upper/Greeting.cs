using Bedrock.Ghms.Messages;

namespace Upper;

/// <summary>The one message of this sample; its code is the same on both sides.</summary>
internal sealed record Greeting(string Word) : IMessage
{
    public static uint MessageCode => 10;
}
