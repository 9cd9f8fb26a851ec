using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker;

/// <content>What may be dropped where a consumer is too slow. Nothing is by default: such a consumer is disconnected with 1008.</content>
public abstract partial class GhmsBuilder<TSelf>
{
    /// <summary>Lets a message of this type not be sent to a connection that is at its soft limit: what waits already is worth more.</summary>
    /// <typeparam name="T">A registered message type. A later rule for it takes this one's place.</typeparam>
    /// <remarks>A send never waits for room then. It does not count the connections for which the message was dropped;
    /// <see cref="GhmsConnection.DroppedMessages"/> does.</remarks>
    public TSelf DropNewest<T>()
        where T : notnull => MayDrop(new OverflowRule(typeof(T), OverflowPolicy.DropNewest));

    /// <summary>Lets messages of this type that wait for a connection at its soft limit give way to newer ones, the oldest first.</summary>
    /// <typeparam name="T">A registered message type. A later rule for it takes this one's place.</typeparam>
    /// <remarks>A send never waits for room then. A message that takes the place of older ones of any type with this rule was accepted; one that
    /// finds none to take the place of is dropped.</remarks>
    public TSelf DropOldest<T>()
        where T : notnull => MayDrop(new OverflowRule(typeof(T), OverflowPolicy.DropOldest));

    /// <summary>Keeps only the latest message of this type for each key, of those that wait for a connection: a slow consumer gets the newest state instead of a backlog.</summary>
    /// <typeparam name="T">A registered message type. A later rule for it takes this one's place.</typeparam>
    /// <param name="key">What a message is about, such as a symbol; compared with <see cref="object.Equals(object)"/>. It must be quick, thread-safe and never return <see langword="null"/>.</param>
    /// <remarks>A send never waits for room then. A newer message stands where the older one stood, so that it may arrive before messages about other things that were sent
    /// between the two; if it went to the end, a key that often changes would never have its turn. The latest message of a key is never dropped: a connection that has no room for one of each key under its hard limit is disconnected.</remarks>
    public TSelf Conflate<T>(Func<T, object> key)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        return MayDrop(new OverflowRule(typeof(T), OverflowPolicy.Conflate, message => key((T)message)));
    }

    private TSelf MayDrop(OverflowRule rule)
    {
        Definition.Overflows[rule.Type] = rule;
        return (TSelf)this;
    }
}
