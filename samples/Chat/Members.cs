using System.Collections.Concurrent;
using Bedrock.Ghms;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Topics;

namespace Chat;

/// <summary>The server's side of the chat: who is called what and is where, and so who may do what.</summary>
/// <remarks>
/// What members publish is relayed without a look inside, so only a topic that has their name in it is theirs to publish to: that they are
/// here. That they are gone the server says, because one who is gone cannot; and what they have said, with the name it knows them by.
/// The messages of one connection are handled one at a time, and its end comes after them.
/// </remarks>
internal sealed class Members
{
    private readonly ConcurrentDictionary<string, Member> _members = new(StringComparer.OrdinalIgnoreCase);

    public Welcome Greet(GhmsConnection connection, Hello hello)
    {
        if (!Protocol.IsName(hello.Name) || Find(connection) is not null)
        {
            throw Refusal("This is no name, or not the first one.");
        }

        var member = new Member(hello.Name);
        if (!_members.TryAdd(member.Name, member))
        {
            throw Refusal("Somebody of that name is here already.");
        }

        connection.Items[typeof(Member)] = member;
        return new Welcome();
    }

    public static async ValueTask JoinAsync(GhmsConnection connection, Join join)
    {
        var member = Find(connection);
        if (member is null || !Protocol.IsName(join.Room))
        {
            throw Refusal("Only members may join, and only rooms.");
        }

        await LeaveRoomAsync(connection.Broker, member);
        member.Room = join.Room;
    }

    public static ValueTask SayAsync(GhmsConnection connection, Say say) =>
        Find(connection) is { Room: { } room } member && say.Text.Length <= Say.MaxLength
            ? PublishAsync(connection.Broker, Protocol.WordsIn(room), new Words(member.Name, say.Text, DateTimeOffset.UtcNow))
            : throw Refusal("Only members may speak, in a room, and not for long.");

    public async ValueTask LeaveAsync(GhmsConnection connection)
    {
        if (Find(connection) is { } member)
        {
            await LeaveRoomAsync(connection.Broker, member);
            _members.TryRemove(member.Name, out _);
        }
    }

    public Rooms ListRooms() => new([.. _members.Values.Select(member => member.Room).OfType<string>().Distinct().Order(StringComparer.Ordinal)]);

    public static bool CanSubscribe(GhmsConnection connection, string filter) =>
        Find(connection) is not null && Protocol.IsOfOneRoom(filter);

    public static bool CanPublish(GhmsConnection connection, string topic, uint code) =>
        code == Presence.MessageCode && Find(connection) is { Room: { } room } member && topic == Protocol.HereIn(room, member.Name);

    private static Member? Find(GhmsConnection connection) =>
        connection.Items.TryGetValue(typeof(Member), out var member) ? (Member?)member : null;

    private static GhmsProtocolException Refusal(string reason) => new(CloseStatus.PolicyViolation, reason);

    private static async ValueTask LeaveRoomAsync(GhmsBroker broker, Member member)
    {
        if (member.Room is { } room)
        {
            var topic = Protocol.HereIn(room, member.Name);
            await PublishAsync(broker, topic, new Presence(IsHere: false));
            await broker.ClearRetainedAsync(topic);
            member.Room = null;
        }
    }

    private static async ValueTask PublishAsync(GhmsBroker broker, string topic, object message)
    {
        try
        {
            await broker.PublishAsync(topic, message);
        }
        catch (Exception exception) when (exception is GhmsException or TimeoutException)
        {
            // Who could not be sent to misses it; that is no fault of the one it comes from.
        }
    }

    private sealed class Member(string name)
    {
        public string Name { get; } = name;

        public string? Room { get; set; }
    }
}
