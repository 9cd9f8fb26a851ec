namespace EchoServer;

/// <summary>Code 10: comes back to its sender; in answer to a request in upper case.</summary>
public sealed partial record Message
{
    public required string Word { get; set; }
}

/// <summary>Code 11: comes back to its sender; in answer to a request after five seconds.</summary>
public sealed partial record Blob
{
    public required byte[] Data { get; set; }
}

/// <summary>Code 12: goes to every connection.</summary>
public sealed partial record Announcement
{
    public required string Word { get; set; }
}

/// <summary>Code 13: its handler throws, also in a request.</summary>
public sealed partial record Failure
{
    public required string Word { get; set; }
}

/// <summary>Code 14: in a request, asks for messages of code 10 with the numbers from 1 to <see cref="To"/>; there are none if it is below 1.</summary>
public sealed partial record Count
{
    public required int To { get; set; }
}
