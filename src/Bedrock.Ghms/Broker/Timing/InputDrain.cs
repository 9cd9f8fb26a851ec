using System.IO.Pipelines;

namespace Bedrock.Ghms.Broker.Timing;

/// <summary>
/// Reads off what a peer still sends after the last word was said to it. A socket that is closed with unread bytes is reset,
/// and the reset destroys what the peer has not read yet: the refusal, or the Close.
/// </summary>
/// <remarks>
/// Kestrel's transport cannot close one direction alone, so the FIN has to wait until the peer has nothing more to say. Its own FIN
/// tells that, or silence: a short one from a peer that had said all it began to say, a longer one from a peer in mid-sentence.
/// </remarks>
internal sealed class InputDrain : ITicked
{
    /// <summary>How much is read off an upgraded connection: 16 MiB.</summary>
    public const long UpgradedBytes = 16 * 1_048_576;

    /// <summary>How much is read off a connection that was refused: 1 MiB.</summary>
    public const long RefusedBytes = 1_048_576;

    private const int QuietTicks = 2;
    private const int QuietTicksInMidSentence = 6;
    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(50);

    private readonly PipeReader _input;
    private readonly Task _flushed;
    private int _ticksLeft;

    private InputDrain(PipeReader input, Task flushed, bool isMidSentence)
    {
        _input = input;
        _flushed = flushed;
        _ticksLeft = isMidSentence ? QuietTicksInMidSentence : QuietTicks;
    }

    /// <summary>Reads until the peer's FIN, silence after <paramref name="flushed"/>, or <paramref name="limit"/> bytes. Never fails.</summary>
    /// <param name="input">What to read off.</param>
    /// <param name="ticker">Where silence is measured.</param>
    /// <param name="flushed">Completes when the last word has been handed to the transport.</param>
    /// <param name="isMidSentence">Whether the peer is known to have begun something that has not arrived whole.</param>
    /// <param name="limit">The most bytes to read off.</param>
    /// <remarks>It has no deadline: whoever calls it aborts the transport when its own time is up.</remarks>
    public static async Task RunAsync(PipeReader input, Ticker ticker, Task flushed, bool isMidSentence, long limit)
    {
        var drain = new InputDrain(input, flushed, isMidSentence);
        var tick = ticker.Add(drain, TickPeriod);
        try
        {
            for (var left = limit; left > 0;)
            {
                var result = await input.ReadAsync().ConfigureAwait(false);
                left -= result.Buffer.Length;
                if (!result.Buffer.IsEmpty)
                {
                    Volatile.Write(ref drain._ticksLeft, QuietTicksInMidSentence);
                }

                input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || Volatile.Read(ref drain._ticksLeft) <= 0)
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
        if (_flushed.IsCompleted && Interlocked.Decrement(ref _ticksLeft) <= 0)
        {
            _input.CancelPendingRead();
        }
    }
}
