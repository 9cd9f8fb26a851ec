using System.Diagnostics;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Telemetry;

namespace Bedrock.Ghms.Requests;

/// <summary>The activities of requests, on either side, and the durations of their handlers. For as long as somebody listens.</summary>
/// <remarks>
/// The protocol carries no context with a request. So an answer begins a trace of its own, with a link to the upgrade of its connection: as the upgrade's child
/// it would belong to a trace that lasts as long as the connection.
/// </remarks>
internal static class RequestTrace
{
    public static bool IsOn(GhmsConnection connection) => connection.Broker.Meter.HandlerDuration.Enabled || Tracing.Source.HasListeners();

    /// <summary>Runs the handler of a request.</summary>
    public static async ValueTask HandleAsync(MessageHandler handler, GhmsConnection connection, object message, CancellationToken cancellationToken)
    {
        // Of this method alone: what is current outside may be the request of a mapped endpoint.
        Activity.Current = null;
        var activity = Tracing.Source.StartActivity(
            ActivityKind.Server, default, Tags(connection, message), Tracing.LinkTo(connection), name: $"answer {message.GetType().Name}");
        try
        {
            await connection.Broker.Meter.TimeAsync(handler, connection, message, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            activity.Fail(exception);
            throw;
        }
        finally
        {
            activity?.Dispose();
        }
    }

    public static async ValueTask<TReply> AskAsync<TReply>(RequestPipe pipe, GhmsConnection connection, object message, CancellationToken cancellationToken)
        where TReply : notnull
    {
        var activity = StartAsking(connection, message);
        try
        {
            return await pipe.RequestAsync<TReply>(connection, message, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            activity.Fail(exception);
            throw;
        }
        finally
        {
            activity?.Dispose();
        }
    }

    public static async IAsyncEnumerable<TItem> AskForManyAsync<TItem>(
        RequestPipe pipe, GhmsConnection connection, object message, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TItem : notnull
    {
        using var activity = StartAsking(connection, message);
        var items = pipe.StreamAsync<TItem>(connection, message, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            while (await MoveNextAsync(items, activity).ConfigureAwait(false))
            {
                yield return items.Current;
            }
        }
        finally
        {
            await items.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async ValueTask<bool> MoveNextAsync<TItem>(IAsyncEnumerator<TItem> items, Activity? activity)
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            activity.Fail(exception);
            throw;
        }
    }

    private static Activity? StartAsking(GhmsConnection connection, object message) => Tracing.Source.StartActivity(
        ActivityKind.Client, default, Tags(connection, message), name: $"ask {message.GetType().Name}");

    private static KeyValuePair<string, object?>[] Tags(GhmsConnection connection, object message) =>
    [
        new("ghms.broker.name", connection.Broker.Name),
        new("ghms.connection.id", connection.Id),
        new("ghms.message.type", message.GetType().Name),
        new("network.protocol.name", "ghms"),
    ];
}
