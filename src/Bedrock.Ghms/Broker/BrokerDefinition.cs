using Bedrock.Ghms.Broker.Patterns;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker;

/// <summary>What a broker is made of, as its builder gathers it. Not safe for concurrent use; a broker takes a copy when it starts.</summary>
public sealed class BrokerDefinition
{
    /// <summary>What metrics, traces, logs and monitors call the broker: <c>default</c> for a server's without a name, <c>client</c> for a client's, unless it is set.</summary>
    public string Name { get; set; } = "default";

    /// <summary>Changes to the settings, in order; they may look at the application's services.</summary>
    public IList<Action<IServiceProvider, GhmsBrokerOptions>> Options { get; } = [];

    /// <summary>The encodings that connections may choose, in order of preference: a server's tie-break and a client's <c>Accept</c>.</summary>
    public IList<MessageEncoding> Encodings { get; } = [];

    /// <summary>The encodings that only carry the types fixed to them; no connection can choose them.</summary>
    public IList<MessageEncoding> FixedEncodings { get; } = [];

    /// <summary>The message types.</summary>
    public IList<MessageRegistration> Messages { get; } = [];

    /// <summary>The pipes; received messages meet the first one first.</summary>
    public IList<Func<IServiceProvider, GhmsPipe>> Pipes { get; } = [];

    /// <summary>What extensions of the builder gather between their calls, each under a type of its own.</summary>
    public IDictionary<Type, object> Extensions { get; } = new Dictionary<Type, object>();

    /// <summary>The handlers of single types.</summary>
    public IDictionary<Type, Func<IServiceProvider, MessageHandler>> Handlers { get; } =
        new Dictionary<Type, Func<IServiceProvider, MessageHandler>>();

    /// <summary>The handler of every type that has none of its own.</summary>
    public Func<IServiceProvider, MessageHandler>? DefaultHandler { get; set; }

    /// <summary>The handler of messages whose code is not registered; without one such a message ends its connection with 1003.</summary>
    public MessageHandler<RawMessage>? RawHandler { get; set; }

    /// <summary>Who receives a message.</summary>
    public IDistributionPattern Pattern { get; set; } = new PublishPattern();

    /// <summary>A server's own checks of an upgrade request, in order; the first refusal is answered.</summary>
    public IList<Func<IServiceProvider, AdmissionHandler>> Admission { get; } = [];

    /// <summary>The types whose messages may be dropped.</summary>
    internal Dictionary<Type, OverflowRule> Overflows { get; } = [];

    /// <summary>Called when a connection has been upgraded, before its first message is handled.</summary>
    public IList<Func<GhmsConnection, ValueTask>> Connected { get; } = [];

    /// <summary>Called when a connection has ended and its handlers are done.</summary>
    public IList<Func<GhmsConnection, ValueTask>> Disconnected { get; } = [];
}
