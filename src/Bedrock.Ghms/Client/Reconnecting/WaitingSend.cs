using Bedrock.Ghms.Broker;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>Something that waits for a connection to be sent on.</summary>
internal abstract class WaitingSend
{
    private readonly Lock _sync = new();
    private Exception? _givenUp;
    private bool _isSending;

    /// <summary>Sends it, unless nobody waits for it any more.</summary>
    /// <returns>Whether it is done with; if not, the connection has ended before it took it, and it goes on waiting.</returns>
    public async Task<bool> TrySendAsync(GhmsConnection connection)
    {
        lock (_sync)
        {
            if (_givenUp is not null)
            {
                return true;
            }

            _isSending = true;
        }

        try
        {
            await SendAsync(connection).ConfigureAwait(false);
            return true;
        }
        catch (GhmsConnectionClosedException) when (!connection.IsOpen)
        {
            return !TryGoOn();
        }
        catch (Exception exception)
        {
            Fail(exception);
            return true;
        }
    }

    /// <summary>Ends the wait, unless it is being sent: then the outcome of that counts, if there is one.</summary>
    public void GiveUp(Exception exception)
    {
        lock (_sync)
        {
            _givenUp ??= exception;
            if (_isSending)
            {
                return;
            }
        }

        Fail(_givenUp);
    }

    protected abstract ValueTask SendAsync(GhmsConnection connection);

    protected abstract void Fail(Exception exception);

    private bool TryGoOn()
    {
        lock (_sync)
        {
            _isSending = false;
            if (_givenUp is null)
            {
                return true;
            }
        }

        Fail(_givenUp);
        return false;
    }
}

/// <summary>The same with its outcome.</summary>
/// <typeparam name="T">What sending it gives.</typeparam>
/// <param name="send">Sends it; completes when the connection has accepted it.</param>
internal sealed class WaitingSend<T>(Func<GhmsConnection, ValueTask<T>> send) : WaitingSend
{
    private readonly TaskCompletionSource<T> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Outcome => _outcome.Task;

    protected override async ValueTask SendAsync(GhmsConnection connection) =>
        _outcome.TrySetResult(await send(connection).ConfigureAwait(false));

    protected override void Fail(Exception exception) => _outcome.TrySetException(exception);
}
