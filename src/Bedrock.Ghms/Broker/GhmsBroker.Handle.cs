using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsBroker
{
    /// <summary>Whether messages of <paramref name="code"/> are taken although the code is not registered.</summary>
    internal bool TakesRaw(uint code) => _rawHandler is not null && code is > Ghms.HeartbeatCode and < Ghms.FirstExtensionCode;

    /// <summary>Runs a received message through the pipes and to its handler.</summary>
    internal ValueTask HandleAsync(GhmsConnection connection, object message, CancellationToken cancellationToken) =>
        _handle(connection, message, cancellationToken);

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
        if (Registry.Contains(message.GetType()) && Registry.Find(message.GetType()).CountUnhandled())
        {
            LogUnhandled(message.GetType());
        }
    }
}
