using System.Buffers;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Inbound;

internal sealed partial class ReadLoop
{
    private Task? _pending;
    private Action? _wake;
    private long _received;

    /// <summary>Completes when the handler that is pending, if any, is done; its failure has been dealt with then.</summary>
    public async Task HandlersDoneAsync()
    {
        _lookAhead.Clear();
        if (_pending is { } pending)
        {
            await Task.WhenAny(pending).ConfigureAwait(false);
            SettlePending();
        }
    }

    /// <summary>Handles everything that has been read, for as long as the connection is not ended from this side.</summary>
    public async Task FinishAsync()
    {
        while (!_connection.IsEndedHere && (_pending is not null || !_lookAhead.IsEmpty))
        {
            if (_pending is null)
            {
                DispatchLookAhead();
                continue;
            }

            await Task.WhenAny(_pending, _connection.EndedHere).ConfigureAwait(false);
            SettlePending();
        }
    }

    private void DispatchLookAhead()
    {
        var batch = FlushBatch.Enter(_time, _connection);
        try
        {
            while (_pending is null && !_connection.IsEndedHere && _lookAhead.Take() is { } waiting)
            {
                try
                {
                    Dispatch(_broker.FindRoute(waiting.Code)!, waiting.Code, waiting.Payload);
                }
                finally
                {
                    waiting.Release();
                }

                batch.FlushIfDue();
            }
        }
        catch (GhmsProtocolException violation)
        {
            _connection.OnViolation(violation);
        }
        finally
        {
            batch.Leave();
        }
    }

    /// <exception cref="GhmsProtocolException">The payload cannot be decoded.</exception>
    private void Dispatch(MessageRoute route, uint code, ReadOnlyMemory<byte> payload)
    {
        if (route.Type is { } type)
        {
            Handle(route, type.Decode(payload, _connection.EncodingOrdinal));
        }
        else
        {
            Dispatch(route, code, new ReadOnlySequence<byte>(payload));
        }
    }

    /// <exception cref="GhmsProtocolException">The payload cannot be decoded.</exception>
    private void Dispatch(MessageRoute route, uint code, in ReadOnlySequence<byte> payload) => Handle(route, route.Type is { } type
        ? type.Decode(payload, _connection.EncodingOrdinal)
        : new RawMessage(FrameBuffer.Copy(code, payload), _connection.Encoding));

    private void Handle(MessageRoute route, object message)
    {
        Volatile.Write(ref _received, _received + 1);
        try
        {
            // Each task is handed on where it arises: two that met in one variable would pass through memory, at several times the
            // cost of the call.
            if (route.Type is null || (_isTimed && route.IsApplication))
            {
                Await(HandleSlowAsync(route, message));
            }
            else
            {
                Await(route.Handler(_connection, message, _connection.Closed));
            }
        }
        catch (Exception exception)
        {
            _connection.OnHandlerFailed(exception);
        }
    }

    private ValueTask HandleSlowAsync(MessageRoute route, object message) => route.Type is null
        ? HandleRawAsync(route.Handler, (RawMessage)message)
        : _broker.Meter.TimeAsync(route.Handler, _connection, message, _connection.Closed);

    // Not inlined, for the same reason.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Await(ValueTask handling)
    {
        if (handling.IsCompletedSuccessfully)
        {
            handling.GetAwaiter().GetResult();
            return;
        }

        var task = handling.AsTask();
        if (_pending is null)
        {
            _pending = task;
            task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_wake ??= Wake);
        }
        else
        {
            ObserveAsync(task);
        }
    }

    // An immediate extension's handler that did not complete at once holds nothing up; only its failure is of interest.
    private async void ObserveAsync(Task handling)
    {
        try
        {
            await handling.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _connection.OnHandlerFailed(exception);
        }
    }

    private async ValueTask HandleRawAsync(MessageHandler handler, RawMessage message)
    {
        using (message)
        {
            if (_isTimed)
            {
                await _broker.Meter.TimeAsync(handler, _connection, message, _connection.Closed).ConfigureAwait(false);
                return;
            }

            await handler(_connection, message, _connection.Closed).ConfigureAwait(false);
        }
    }

    private void SettlePending()
    {
        if (_pending is not { IsCompleted: true } done)
        {
            return;
        }

        _pending = null;
        if (!done.IsCompletedSuccessfully)
        {
            _connection.OnHandlerFailed(done.Exception?.InnerException ?? new TaskCanceledException(done));
        }
    }
}
