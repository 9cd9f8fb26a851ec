namespace Bedrock.Ghms.Server.Tests.Support;

// The EchoServer's messages, as someone else would write them down.
public sealed record Message
{
    public required string Word { get; init; }
}

public sealed record Blob
{
    public required byte[] Data { get; init; }
}

public sealed record Announcement
{
    public required string Word { get; init; }
}

public sealed record Failure
{
    public required string Word { get; init; }
}
