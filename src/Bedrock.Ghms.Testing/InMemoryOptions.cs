using System.Buffers;
using System.IO.Pipelines;

namespace Bedrock.Ghms.Testing;

/// <summary>How a pair of connections in memory behaves; the same in both directions.</summary>
public sealed class InMemoryOptions
{
    /// <summary>Unread bytes at which a flush stops completing; tiny values force back-pressure. Default 65,536.</summary>
    public long PauseThreshold { get; set; } = 65_536;

    /// <summary>The least size of a memory segment in bytes; tiny values cut messages into many pieces. Default 4,096.</summary>
    public int SegmentSize { get; set; } = 4_096;

    /// <summary>Where memory segments come from; the shared array pool if <see langword="null"/>.</summary>
    public MemoryPool<byte>? Pool { get; set; }

    /// <summary>Where continuations of reads and flushes run; the thread pool by default, a <see cref="PumpScheduler"/> to step through them.</summary>
    public PipeScheduler Scheduler { get; set; } = PipeScheduler.ThreadPool;

    internal PipeOptions ToPipeOptions() => new(
        pool: Pool,
        readerScheduler: Scheduler,
        writerScheduler: Scheduler,
        pauseWriterThreshold: PauseThreshold,
        resumeWriterThreshold: Math.Max(1, PauseThreshold / 2),
        minimumSegmentSize: SegmentSize,
        useSynchronizationContext: false);
}
