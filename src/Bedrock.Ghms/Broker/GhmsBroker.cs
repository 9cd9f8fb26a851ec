using System.Collections.Frozen;
using System.Collections.Immutable;
using Bedrock.Ghms.Broker.Inbound;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Broker.Patterns;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Broker.Timing;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bedrock.Ghms.Broker;

/// <summary>Manages connections, on a server or a client, and sends and receives messages over them. Safe for concurrent use.</summary>
/// <remarks>
/// Everything is checked when the broker is created and fixed from then on. This file holds its making; how it sends, handles,
/// accepts and starts connections, and logs stands in files of their own.
/// </remarks>
public sealed partial class GhmsBroker : IMessageSender, IAsyncDisposable
{
    private readonly ILogger _logger;
    private readonly ConnectionSet _connections = new();
    private readonly FrozenDictionary<Type, MessageHandler> _handlers;
    private readonly MessageHandler? _defaultHandler;
    private readonly MessageHandler<RawMessage>? _rawHandler;
    private readonly FrozenDictionary<uint, MessageRoute> _routes;
    private readonly MessageRoute? _rawRoute;
    private readonly IDistributionPattern _pattern;
    private readonly MessageHandler _handle;
    private readonly MessageSender _send;
    private readonly GhmsPipe[] _pipes;
    private readonly AdmissionHandler[] _admission;
    private readonly ImmutableArray<Func<GhmsConnection, ValueTask>> _connected;
    private readonly ImmutableArray<Func<GhmsConnection, ValueTask>> _disconnected;

    /// <summary>Creates and starts a broker.</summary>
    /// <param name="definition">What it is made of; later changes have no effect.</param>
    /// <param name="services">Where pipes and handler classes, the <see cref="ILoggerFactory"/> and the <see cref="TimeProvider"/> come from.</param>
    /// <exception cref="GhmsInvalidConfigException">A setting breaks a rule, or a message type cannot be carried in a registered encoding.</exception>
    /// <exception cref="GhmsDuplicateMessageCodeException">Two message types share a code.</exception>
    /// <exception cref="GhmsInvalidMessageCodeException">A message code is reserved.</exception>
    /// <exception cref="GhmsInvalidEncodingException">A message type is fixed to an encoding that is not registered.</exception>
    public GhmsBroker(BrokerDefinition definition, IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(services);
        Name = definition.Name;
        Options = MakeOptions(definition, services);
        Time = (TimeProvider?)services.GetService(typeof(TimeProvider)) ?? TimeProvider.System;
        LoggerFactory = (ILoggerFactory?)services.GetService(typeof(ILoggerFactory)) ?? NullLoggerFactory.Instance;
        _logger = LoggerFactory.CreateLogger<GhmsBroker>();
        _pattern = definition.Pattern;
        _rawHandler = definition.RawHandler;
        _defaultHandler = definition.DefaultHandler?.Invoke(services);
        _handlers = definition.Handlers.ToFrozenDictionary(entry => entry.Key, entry => entry.Value(services));
        _admission = [.. definition.Admission.Select(check => check(services))];
        Room = new ConnectionRoom(Options.MaxConnections, Options.MaxConnectionsPerAddress);
        _connected = [.. definition.Connected];
        _disconnected = [.. definition.Disconnected];
        _pipes = [.. definition.Pipes.Select(pipe => pipe(services))];

        var registrations = definition.Messages.ToList();
        var contexts = _pipes.Select((_, place) => new PipeContext(_pipes, place, registrations, Options, Time)).ToArray();
        for (var i = 0; i < _pipes.Length; i++)
        {
            _pipes[i].Start(contexts[i]);
        }

        Registry = MessageRegistry.Create([.. definition.Encodings], [.. definition.FixedEncodings], registrations, Options.HeartbeatCode);
        MediaTypes = new MediaTypeTable(Registry.Offered.Select(encoding => encoding.Names));
        NotAcceptable = UpgradeRefusal.NotAcceptable(MediaTypes);
        CheckHandlers(contexts);
        SetOverflows(definition.Overflows.Values);
        _handle = PipeChain.Handlers(_pipes, HandleLastAsync);
        _routes = Registry.Types.ToFrozenDictionary(type => type.Code, type => new MessageRoute(type, FirstHandler(type)));
        _rawRoute = _rawHandler is null ? null : new MessageRoute(type: null, _handle);
        _send = PipeChain.Senders(_pipes, DistributeAsync);
        IsKnownCode = code => FindRoute(code) is not null;
        Ticker = Ticker.Of(Time);
        for (var i = 0; i < _pipes.Length; i++)
        {
            contexts[i].Complete(this, PipeChain.Senders(_pipes.AsSpan(0, i), DistributeAsync));
        }

        _running = new RunningConnections(Name);
        Meter = GhmsMeter.Of(services);
        Meter.Add(_running);
    }

    /// <summary>What metrics, traces, logs and monitors call this broker.</summary>
    public string Name { get; }

    /// <summary>How many connections are open.</summary>
    public int Count => _connections.Count;

    /// <summary>A snapshot of the open connections.</summary>
    public IReadOnlyList<GhmsConnection> Connections => _connections.Snapshot;

    /// <summary>The first of this broker's pipes that is a <typeparamref name="TPipe"/>, or <see langword="null"/>.</summary>
    /// <typeparam name="TPipe">The pipe's type.</typeparam>
    public TPipe? FindPipe<TPipe>()
        where TPipe : GhmsPipe
    {
        foreach (var pipe in _pipes)
        {
            if (pipe is TPipe found)
            {
                return found;
            }
        }

        return null;
    }

    internal GhmsBrokerOptions Options { get; }

    internal ILoggerFactory LoggerFactory { get; }

    internal TimeProvider Time { get; }

    internal MessageRegistry Registry { get; }

    internal Ticker Ticker { get; }

    internal GhmsMeter Meter { get; }

    /// <summary>Sends what was queued for many.</summary>
    internal SharedDrain Drain { get; } = new();

    internal MediaTypeTable MediaTypes { get; }

    internal UpgradeRefusal NotAcceptable { get; }

    internal ConnectionRoom Room { get; }

    private static GhmsBrokerOptions MakeOptions(BrokerDefinition definition, IServiceProvider services)
    {
        var options = new GhmsBrokerOptions();
        foreach (var configure in definition.Options)
        {
            configure(services, options);
        }

        var copy = options.Copy();
        BrokerOptionsRules.Check(copy, definition, options.Sources);
        return copy;
    }

    private void SetOverflows(IEnumerable<OverflowRule> rules)
    {
        foreach (var rule in rules)
        {
            if (!Registry.Contains(rule.Type))
            {
                throw new GhmsInvalidConfigException($"{rule.Type} may be dropped but is not registered: call AddMessage<{rule.Type.Name}>.");
            }

            Registry.SetOverflow(rule);
        }
    }

    // A handler for a type that can never arrive is a mistake that would otherwise show as silence.
    private void CheckHandlers(PipeContext[] contexts)
    {
        foreach (var type in _handlers.Keys.Concat(contexts.SelectMany(context => context.RequiredTypes)))
        {
            if (!Registry.Contains(type))
            {
                throw new GhmsInvalidConfigException($"{type} has a handler but is not registered: call AddMessage<{type.Name}>.");
            }
        }
    }
}
