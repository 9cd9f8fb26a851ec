using Bedrock.Ghms.Broker.Inbound;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsBroker
{
    /// <summary>Where messages of <paramref name="code"/> go, if they are understood: decoded, or raw where the application asked for that.</summary>
    internal MessageRoute? FindRoute(uint code) =>
        _routes.TryGetValue(code, out var route) ? route : code is > Ghms.HeartbeatCode and < Ghms.FirstExtensionCode ? _rawRoute : null;

    /// <summary><see cref="FindRoute"/> as a question, made once for all connections.</summary>
    internal Func<uint, bool> IsKnownCode { get; }

    // Without pipes nobody can change a message's type on its way, and its handler is known beforehand.
    private MessageHandler FirstHandler(MessageType type) =>
        _pipes.Length > 0 ? _handle : _handlers.GetValueOrDefault(type.Type) ?? _defaultHandler ?? HandleLastAsync;

    private ValueTask HandleLastAsync(GhmsConnection connection, object message, CancellationToken cancellationToken)
    {
        if (message is RawMessage raw && _rawHandler is not null)
        {
            return _rawHandler(connection, raw, cancellationToken);
        }

        if (_handlers.TryGetValue(message.GetType(), out var handler) || (handler = _defaultHandler) is not null)
        {
            return handler(connection, message, cancellationToken);
        }

        OnUnhandled(message);
        return ValueTask.CompletedTask;
    }

    private void OnUnhandled(object message)
    {
        Interlocked.Increment(ref _unhandled);
        Meter.OnDrop(this, DropReason.Unhandled, 1);
        if (Registry.Contains(message.GetType()) && Registry.Find(message.GetType()).CountUnhandled())
        {
            LogUnhandled(message.GetType());
        }
    }
}
