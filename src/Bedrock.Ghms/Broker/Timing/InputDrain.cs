using System.IO.Pipelines;

namespace Bedrock.Ghms.Broker.Timing;

/// <summary>
/// Reads off what a peer still sends after the last word was said to it. A socket that is closed with unread bytes is reset,
/// and the reset destroys what the peer has not read yet: the refusal, or the Close.
/// </summary>
/// <remarks>
/// Kestrel's transport cannot close one direction alone, so the FIN has to wait until the peer has nothing more to say: its own
/// FIN tells that, or <see cref="QuietTime"/> without a byte.
/// </remarks>
internal sealed class InputDrain : ITicked
{
    /// <summary>How much is read off an upgraded connection: 16 MiB.</summary>
    public const long UpgradedBytes = 16 * 1_048_576;

    /// <summary>How much is read off a connection that was refused: 1 MiB.</summary>
    public const long RefusedBytes = 1_048_576;

    /// <summary>How long the peer has to be quiet: 200 ms.</summary>
    public static readonly TimeSpan QuietTime = TimeSpan.FromMilliseconds(200);

    private readonly PipeReader _input;
    private readonly Task _flushed;
    private int _quietTicks;

    private InputDrain(PipeReader input, Task flushed)
    {
        _input = input;
        _flushed = flushed;
    }

    /// <summary>Reads until the peer's FIN, quiet after <paramref name="flushed"/>, or <paramref name="limit"/> bytes. Never fails.</summary>
    /// <remarks>It has no deadline: whoever calls it aborts the transport when its own time is up.</remarks>
    public static async Task RunAsync(PipeReader input, Ticker ticker, Task flushed, long limit)
    {
        var drain = new InputDrain(input, flushed);
        var tick = ticker.Add(drain, QuietTime / 2);
        try
        {
            for (var left = limit; left > 0;)
            {
                var result = await input.ReadAsync().ConfigureAwait(false);
                left -= result.Buffer.Length;
                if (!result.Buffer.IsEmpty)
                {
                    Volatile.Write(ref drain._quietTicks, 0);
                }

                input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || Volatile.Read(ref drain._quietTicks) > 2)
                {
                    return;
                }
            }
        }
        catch (Exception)
        {
            // The transport failed or was aborted: nothing more will arrive.
        }
        finally
        {
            ticker.Remove(tick);
        }
    }

    void ITicked.Tick(long now)
    {
        if (_flushed.IsCompleted && Interlocked.Increment(ref _quietTicks) > 2)
        {
            _input.CancelPendingRead();
        }
    }
}
