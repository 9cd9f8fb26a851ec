using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using Bedrock.Ghms.Broker.Patterns;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Broker;

/// <summary>What the builders of servers and clients share. Not safe for concurrent use.</summary>
/// <typeparam name="TSelf">The builder itself, so that calls can be chained.</typeparam>
public abstract partial class GhmsBuilder<TSelf> : IGhmsBuilder
    where TSelf : GhmsBuilder<TSelf>
{
    /// <inheritdoc/>
    public BrokerDefinition Definition { get; } = new();

    /// <summary>Changes the broker's settings.</summary>
    public TSelf Configure(Action<GhmsBrokerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Definition.Options.Add((_, options) => configure(options));
        return (TSelf)this;
    }

    /// <summary>Adds an encoding. The order of calls is a server's preference and a client's <c>Accept</c>.</summary>
    /// <param name="encoding">The encoding.</param>
    /// <param name="offered">Whether connections may choose it, so that every type has to be able to use it. If not, it carries
    /// the types fixed to it and nothing else.</param>
    public TSelf AddEncoding(MessageEncoding encoding, bool offered = true)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        (offered ? Definition.Encodings : Definition.FixedEncodings).Add(encoding);
        return (TSelf)this;
    }

    /// <summary>Adds JSON, finding out about types by reflection.</summary>
    [RequiresUnreferencedCode("Give AddJson a JsonSerializerContext when trimming.")]
    [RequiresDynamicCode("Give AddJson a JsonSerializerContext when compiling ahead of time.")]
    public TSelf AddJson() => AddEncoding(new JsonMessageEncoding());

    /// <summary>Adds JSON for the types that <paramref name="context"/> describes; nothing is found out by reflection.</summary>
    public TSelf AddJson(JsonSerializerContext context) => AddEncoding(new JsonMessageEncoding(context));

    /// <summary>Adds the encoding of messages that write and read their own bytes.</summary>
    /// <param name="offered">Whether connections may choose it. If not, it carries the types fixed to it beside encodings that carry the rest.</param>
    public TSelf AddBinary(bool offered = true) => AddEncoding(new BinaryMessageEncoding(), offered);

    /// <summary>Registers a message type that names its own code.</summary>
    /// <typeparam name="T">The message type.</typeparam>
    /// <param name="factory">Makes the instances that are filled on receive; needed by types that read themselves.</param>
    /// <param name="encoding">The media type this message always uses, whatever a connection negotiated.</param>
    public TSelf AddMessage<T>(Func<T>? factory = null, string? encoding = null)
        where T : notnull, IMessage => AddMessage(T.MessageCode, factory, encoding);

    /// <summary>Registers a message type under <paramref name="code"/>, the same on both sides.</summary>
    /// <typeparam name="T">The message type.</typeparam>
    /// <param name="code">2 to 0xFFFFFEFF. Checked when the broker starts.</param>
    /// <param name="factory">Makes the instances that are filled on receive; needed by types that read themselves.</param>
    /// <param name="encoding">The media type this message always uses, whatever a connection negotiated.</param>
    public TSelf AddMessage<T>(uint code, Func<T>? factory = null, string? encoding = null)
        where T : notnull
    {
        Definition.Messages.Add(MessageRegistration.Create(code, factory, encoding));
        return (TSelf)this;
    }

    /// <summary>Appends a pipe: received messages reach it after those added before it, messages to be sent before them.</summary>
    public TSelf UsePipe(GhmsPipe pipe)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        return UsePipe(_ => pipe);
    }

    /// <summary>Appends a pipe that is created with its dependencies when the broker starts.</summary>
    /// <typeparam name="TPipe">The pipe's type.</typeparam>
    public TSelf UsePipe<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TPipe>()
        where TPipe : GhmsPipe => UsePipe(static services => ActivatorUtilities.GetServiceOrCreateInstance<TPipe>(services));

    /// <summary>Appends the pipe that <paramref name="factory"/> makes when the broker starts.</summary>
    public TSelf UsePipe(Func<IServiceProvider, GhmsPipe> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        Definition.Pipes.Add(factory);
        return (TSelf)this;
    }

    /// <summary>Sets who receives a message; everyone by default.</summary>
    public TSelf UsePattern(IDistributionPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        Definition.Pattern = pattern;
        return (TSelf)this;
    }

    /// <summary>Handles messages of one type. A later call for the same type takes its place.</summary>
    /// <typeparam name="T">The message type.</typeparam>
    /// <param name="handler">Runs in the connection's read loop. A failure ends that connection with status 1011.</param>
    [OverloadResolutionPriority(1)]
    public TSelf Handle<T>(MessageHandler<T> handler)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        MessageHandler untyped = (connection, message, cancellationToken) => handler(connection, As<T>(message), cancellationToken);
        Definition.Handlers[typeof(T)] = _ => untyped;
        return (TSelf)this;
    }

    /// <summary>Handles messages of one type by sending something: <c>(connection, message, ct) => connection.SendAsync(message, ct)</c>.</summary>
    /// <inheritdoc cref="Handle{T}(MessageHandler{T})"/>
    public TSelf Handle<T>(MessageResponder<T> handler)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        MessageHandler untyped = (connection, message, cancellationToken) => Answered(handler(connection, As<T>(message), cancellationToken));
        Definition.Handlers[typeof(T)] = _ => untyped;
        return (TSelf)this;
    }

    /// <summary>Handles messages of one type with a class that is created with its dependencies when the broker starts.</summary>
    /// <typeparam name="T">The message type.</typeparam>
    /// <typeparam name="THandler">The handler's type.</typeparam>
    public TSelf Handle<T, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>()
        where T : notnull
        where THandler : class, IMessageHandler<T>
    {
        Definition.Handlers[typeof(T)] = static services =>
        {
            var handler = ActivatorUtilities.GetServiceOrCreateInstance<THandler>(services);
            return (connection, message, cancellationToken) => handler.HandleAsync(connection, As<T>(message), cancellationToken);
        };
        return (TSelf)this;
    }

    /// <summary>Handles messages of every type that has no handler of its own.</summary>
    /// <param name="handler">Runs in the connection's read loop. A failure ends that connection with status 1011.</param>
    public TSelf HandleOthers(MessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Definition.DefaultHandler = _ => handler;
        return (TSelf)this;
    }

    /// <summary>Handles messages of every type that has no handler of its own, with a class that is created when the broker starts.</summary>
    /// <typeparam name="THandler">The handler's type.</typeparam>
    public TSelf HandleOthers<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>()
        where THandler : class, IMessageHandler
    {
        Definition.DefaultHandler = static services =>
            ActivatorUtilities.GetServiceOrCreateInstance<THandler>(services).HandleAsync;
        return (TSelf)this;
    }

    /// <summary>Takes messages whose code is not registered, undecoded, instead of ending their connection with 1003.</summary>
    /// <param name="handler">The message is released when this is done; see <see cref="RawMessage.Retain"/>.</param>
    public TSelf HandleRaw(MessageHandler<RawMessage> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Definition.RawHandler = handler;
        return (TSelf)this;
    }

    /// <summary>Calls <paramref name="callback"/> when a connection has been upgraded, before its first message is handled.</summary>
    public TSelf OnConnected(Func<GhmsConnection, ValueTask> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        Definition.Connected.Add(callback);
        return (TSelf)this;
    }

    /// <summary>Calls <paramref name="callback"/> when a connection has ended and its handlers are done.</summary>
    public TSelf OnDisconnected(Func<GhmsConnection, ValueTask> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        Definition.Disconnected.Add(callback);
        return (TSelf)this;
    }

    // A handler is found by the type of its message, which a cast would look up once more in code that all types share.
    private static T As<T>(object message)
        where T : notnull => typeof(T).IsValueType ? (T)message : Unsafe.As<object, T>(ref message);

    // Not inlined: the caller would copy the task through memory, at a multiple of the call's cost.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ValueTask Answered(ValueTask<int> sending)
    {
        if (!sending.IsCompletedSuccessfully)
        {
            return new ValueTask(sending.AsTask());
        }

        sending.GetAwaiter().GetResult();
        return ValueTask.CompletedTask;
    }
}
