using System.Diagnostics.CodeAnalysis;
using Bedrock.Ghms.Requests;
using Bedrock.Ghms.Requests.Answering;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Broker;

// Members of the builder, because extension methods that keep the builder's type could not be called with just the types of request
// and reply. They stand here, because Broker knows nothing of requests.
public abstract partial class GhmsBuilder<TSelf>
{
    /// <summary>Lets this side ask and answer. Needed to ask; whoever answers has it already.</summary>
    /// <param name="configure">Changes the settings; may be called more than once.</param>
    /// <remarks>Requests come before all pipes, wherever this is called: pipes see the messages inside requests and answers as they see all others.</remarks>
    public TSelf AddRequests(Action<GhmsRequestOptions>? configure = null)
    {
        var requests = RequestDefinition.Of(Definition);
        if (configure is not null)
        {
            requests.Configure(configure);
        }

        return (TSelf)this;
    }

    /// <summary>Answers requests whose message is a <typeparamref name="TRequest"/>. A later call for the same type takes its place; messages of
    /// that type that come without a request go to its <c>Handle</c>.</summary>
    /// <typeparam name="TRequest">The registered type of the request's message.</typeparam>
    /// <typeparam name="TReply">The type of the reply.</typeparam>
    /// <param name="handler">Begins in the connection's read loop and goes on beside it; see <see cref="RequestHandler{TRequest, TReply}"/>. A
    /// <see cref="GhmsProtocolException"/> answers with a Fault of its status and text; any other failure with 1011.</param>
    public TSelf Answer<TRequest, TReply>(RequestHandler<TRequest, TReply> handler)
        where TRequest : notnull
        where TReply : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        RequestDefinition.Of(Definition).Answer<TRequest>(_ => new SingleAnswerer<TRequest, TReply>(handler));
        return (TSelf)this;
    }

    /// <summary>Answers requests with a class that is created with its dependencies when the broker starts.</summary>
    /// <typeparam name="TRequest">The registered type of the request's message.</typeparam>
    /// <typeparam name="TReply">The type of the reply.</typeparam>
    /// <typeparam name="THandler">The handler's type.</typeparam>
    public TSelf Answer<TRequest, TReply, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>()
        where TRequest : notnull
        where TReply : notnull
        where THandler : class, IRequestHandler<TRequest, TReply>
    {
        RequestDefinition.Of(Definition).Answer<TRequest>(static services =>
            new SingleAnswerer<TRequest, TReply>(ActivatorUtilities.GetServiceOrCreateInstance<THandler>(services).AnswerAsync));
        return (TSelf)this;
    }

    /// <summary>Answers requests whose message is a <typeparamref name="TRequest"/> with a stream of items.</summary>
    /// <typeparam name="TRequest">The registered type of the request's message.</typeparam>
    /// <typeparam name="TItem">The type of the items.</typeparam>
    /// <param name="handler">Yields the items as the asker has room for them; see <see cref="StreamHandler{TRequest, TItem}"/>.</param>
    public TSelf AnswerStream<TRequest, TItem>(StreamHandler<TRequest, TItem> handler)
        where TRequest : notnull
        where TItem : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        RequestDefinition.Of(Definition).Answer<TRequest>(_ => new StreamAnswerer<TRequest, TItem>(handler));
        return (TSelf)this;
    }

    /// <summary>Answers requests with streams of a class that is created with its dependencies when the broker starts.</summary>
    /// <typeparam name="TRequest">The registered type of the request's message.</typeparam>
    /// <typeparam name="TItem">The type of the items.</typeparam>
    /// <typeparam name="THandler">The handler's type.</typeparam>
    public TSelf AnswerStream<TRequest, TItem, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>()
        where TRequest : notnull
        where TItem : notnull
        where THandler : class, IStreamHandler<TRequest, TItem>
    {
        RequestDefinition.Of(Definition).Answer<TRequest>(static services =>
            new StreamAnswerer<TRequest, TItem>(ActivatorUtilities.GetServiceOrCreateInstance<THandler>(services).AnswerAsync));
        return (TSelf)this;
    }
}
