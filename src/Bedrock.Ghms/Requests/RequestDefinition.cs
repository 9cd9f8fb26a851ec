using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Requests.Answering;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bedrock.Ghms.Requests;

/// <summary>What a builder has gathered about requests. There is one for each builder, and so at most one request pipe.</summary>
internal sealed class RequestDefinition
{
    private readonly List<Action<GhmsRequestOptions>> _options = [];
    private readonly Dictionary<Type, Func<IServiceProvider, Answerer>> _answerers = [];

    private RequestDefinition()
    {
    }

    /// <summary>The one of <paramref name="broker"/>. The first call puts the request pipe in front of all others, so that none is
    /// gone round: they all see what is inside requests.</summary>
    public static RequestDefinition Of(BrokerDefinition broker)
    {
        if (broker.Extensions.TryGetValue(typeof(RequestDefinition), out var known))
        {
            return (RequestDefinition)known;
        }

        var requests = new RequestDefinition();
        broker.Extensions.Add(typeof(RequestDefinition), requests);
        broker.Pipes.Insert(0, requests.MakePipe);
        return requests;
    }

    public void Configure(Action<GhmsRequestOptions> configure) => _options.Add(configure);

    public void Answer<TRequest>(Func<IServiceProvider, Answerer> answerer) => _answerers[typeof(TRequest)] = answerer;

    private RequestPipe MakePipe(IServiceProvider services)
    {
        var options = new GhmsRequestOptions();
        _options.ForEach(configure => configure(options));
        var loggers = (ILoggerFactory?)services.GetService(typeof(ILoggerFactory)) ?? NullLoggerFactory.Instance;
        return new RequestPipe(
            options.Copy(),
            _answerers.ToDictionary(entry => entry.Key, entry => entry.Value(services)),
            loggers.CreateLogger<RequestPipe>());
    }
}
