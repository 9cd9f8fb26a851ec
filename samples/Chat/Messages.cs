using Bedrock.Ghms.Messages;

namespace Chat;

/// <summary>Asks to be known by a name. The answer is <see cref="Welcome"/>, or a Fault if the name is taken.</summary>
internal sealed record Hello(string Name) : IMessage
{
    public static uint MessageCode => 10;
}

/// <summary>The answer to <see cref="Hello"/>.</summary>
internal sealed record Welcome : IMessage
{
    public static uint MessageCode => 11;
}

/// <summary>Goes into a room, and out of the one before.</summary>
internal sealed record Join(string Room) : IMessage
{
    public static uint MessageCode => 12;
}

/// <summary>Says something in the room. The server publishes it as <see cref="Words"/>.</summary>
internal sealed record Say(string Text) : IMessage
{
    public const int MaxLength = 1_000;

    public static uint MessageCode => 13;
}

/// <summary>What somebody has said. The last of a room is what its topic retains.</summary>
internal sealed record Words(string Name, string Text, DateTimeOffset At) : IMessage
{
    public static uint MessageCode => 14;
}

/// <summary>Whether the member that the topic names is in the room. That one is gone is published, and then cleared.</summary>
internal sealed record Presence(bool IsHere) : IMessage
{
    public static uint MessageCode => 15;
}

/// <summary>Asks which rooms somebody is in.</summary>
internal sealed record WhichRooms : IMessage
{
    public static uint MessageCode => 16;
}

/// <summary>The answer to <see cref="WhichRooms"/>.</summary>
internal sealed record Rooms(IReadOnlyList<string> Names) : IMessage
{
    public static uint MessageCode => 17;
}
