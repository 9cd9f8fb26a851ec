using System.IO.Pipelines;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>The output of a connection under test: counts what reaches it, and fails where a test says so.</summary>
internal sealed class TappedWriter(PipeWriter inner) : PipeWriter
{
    private int _flushes;

    public int Flushes => Volatile.Read(ref _flushes);

    /// <summary>The most a span holds beyond what was asked for; small values cut frames into many pieces.</summary>
    public int MaxSpan { get; set; } = int.MaxValue;

    /// <summary>Whether a flush is a task, as it is over a stream; a task's continuation may capture a context.</summary>
    public bool FlushesAsTasks { get; set; }

    public Action? OnGetSpan { get; set; }

    public Action? OnGetMemory { get; set; }

    public Action? OnAdvance { get; set; }

    public Action? OnComplete { get; set; }

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes)
    {
        OnAdvance?.Invoke();
        inner.Advance(bytes);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        OnGetMemory?.Invoke();
        var memory = inner.GetMemory(sizeHint);
        return memory[..Math.Min(memory.Length, Math.Max(sizeHint, MaxSpan))];
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        OnGetSpan?.Invoke();
        var span = inner.GetSpan(sizeHint);
        return span[..Math.Min(span.Length, Math.Max(sizeHint, MaxSpan))];
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _flushes);
        var flushed = inner.FlushAsync(cancellationToken);
        return FlushesAsTasks ? new ValueTask<FlushResult>(flushed.AsTask()) : flushed;
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        inner.Complete(exception);
        OnComplete?.Invoke();
    }
}
