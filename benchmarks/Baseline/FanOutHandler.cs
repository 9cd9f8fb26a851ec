using System.IO.Pipelines;

namespace Bedrock.Ghms.Baseline;

/// <summary>Announcements: encoded once, copied to every connection.</summary>
/// <param name="handled">Counts what was received.</param>
/// <param name="shareFlush">
/// Whether the announcements of one received batch share a flush per connection, or have one each.
/// </param>
/// <remarks>
/// One batch is published at a time, and connections come and go only between batches. So no writer needs a lock of
/// its own, and none is written to after its connection has ended.
/// </remarks>
public sealed class FanOutHandler<TCodec>(Counter handled, bool shareFlush) : FramedHandler, IDisposable
    where TCodec : ICodec
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<PipeWriter> _outputs = [];
    private readonly List<Task> _pending = [];

    public void Dispose() => _turn.Dispose();

    protected override async Task ServeAsync(IDuplexPipe transport)
    {
        await InTurnAsync(() => _outputs.Add(transport.Output));
        try
        {
            await base.ServeAsync(transport);
        }
        finally
        {
            await InTurnAsync(() => _outputs.Remove(transport.Output));
        }
    }

    protected override async ValueTask<FlushResult> HandleAsync(
        FrameReader frames, FrameBuffer scratch, PipeWriter output)
    {
        await _turn.WaitAsync();
        try
        {
            while (frames.TryRead(out Frame frame))
            {
                switch (frame.Code)
                {
                    case MessageCode.Announcement:
                        handled.Add(1);
                        TCodec.Relay(frame, scratch);
                        if (!shareFlush)
                        {
                            await PublishAsync(scratch);
                        }

                        break;
                    case MessageCode.Echo:
                        handled.Add(1);
                        await PublishAsync(scratch);
                        TCodec.Relay(frame, scratch);
                        await output.WriteAsync(scratch.Written);
                        scratch.Clear();
                        break;
                    case MessageCode.Heartbeat:
                        break;
                    default:
                        throw Unknown(frame.Code);
                }
            }

            await PublishAsync(scratch);
            return default;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask PublishAsync(FrameBuffer announcements)
    {
        if (announcements.IsEmpty)
        {
            return;
        }

        foreach (PipeWriter output in _outputs)
        {
            ValueTask<FlushResult> flush = output.WriteAsync(announcements.Written);
            if (!flush.IsCompletedSuccessfully)
            {
                _pending.Add(flush.AsTask());
            }
        }

        announcements.Clear();
        if (_pending.Count > 0)
        {
            Task flushed = Task.WhenAll(_pending);
            _pending.Clear();
            await flushed;
        }
    }

    private async Task InTurnAsync(Action action)
    {
        await _turn.WaitAsync();
        try
        {
            action();
        }
        finally
        {
            _turn.Release();
        }
    }
}
