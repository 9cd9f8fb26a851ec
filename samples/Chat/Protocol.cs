using Bedrock.Ghms.Broker;

namespace Chat;

/// <summary>What both sides have to agree on: names, topics and messages.</summary>
internal static class Protocol
{
    private const int MaxName = 32;

    /// <summary>Whether a member or a room can be called that: it is one level of a topic.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxName && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_');

    /// <summary>Where the words of a room are published.</summary>
    public static string WordsIn(string room) => $"chat/{room}/words";

    /// <summary>Where it is published whether a member is in a room; with <c>+</c> for a name, the filter for all of them.</summary>
    public static string HereIn(string room, string name) => $"chat/{room}/here/{name}";

    /// <summary>The member's name in a topic made by <see cref="HereIn"/>.</summary>
    public static string NameIn(string topic) => topic[(topic.LastIndexOf('/') + 1)..];

    /// <summary>Whether a filter is for what a room's members hear: its words, and who is there.</summary>
    public static bool IsOfOneRoom(string filter) =>
        filter.Split('/') is ["chat", var room, ..] && IsName(room) && (filter == WordsIn(room) || filter == HereIn(room, "+"));

    public static TBuilder AddChat<TBuilder>(this TBuilder builder)
        where TBuilder : GhmsBuilder<TBuilder> => builder
            .AddJson()
            .AddMessage<Hello>()
            .AddMessage<Welcome>()
            .AddMessage<Join>()
            .AddMessage<Say>()
            .AddMessage<Words>()
            .AddMessage<Presence>()
            .AddMessage<WhichRooms>()
            .AddMessage<Rooms>();
}
