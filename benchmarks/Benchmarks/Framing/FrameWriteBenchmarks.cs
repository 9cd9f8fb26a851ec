using System.Buffers;
using System.IO.Pipelines;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Protocol.Framing;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Framing;

/// <summary>Frames written to a pipe and taken off it, beside the same number of bytes written bare.</summary>
[MemoryDiagnoser]
public class FrameWriteBenchmarks
{
    private readonly FrameWriter _writer = new(1_000_000);
    private readonly byte[] _expected = Samples.Frames(Samples.TextCode, new byte[100]);
    private readonly byte[] _bare = new byte[FrameHeader.Size + 100];
    private readonly Frame _frame = new(Samples.TextCode, new ReadOnlySequence<byte>(new byte[100]));
    private Pipe _pipe = new();

    /// <summary>All in one segment, or every frame in several.</summary>
    [Params(4_096, 64)]
    public int SegmentSize { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pipe = new Pipe(new PipeOptions(minimumSegmentSize: SegmentSize, useSynchronizationContext: false));
        Require.That(PipeOnly() == _expected.Length, "the pipe passes everything");
        WriteFrames();
        Require.That(_pipe.Reader.TryRead(out ReadResult result) && result.Buffer.ToArray().SequenceEqual(_expected), "frames are right");
        _pipe.Reader.AdvanceTo(result.Buffer.End);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Samples.Batch)]
    public long PipeOnly()
    {
        for (int i = 0; i < Samples.Batch; i++)
        {
            _pipe.Writer.Write(_bare);
        }

        Flush();
        return TakeOff();
    }

    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public long Write()
    {
        WriteFrames();
        return TakeOff();
    }

    private void WriteFrames()
    {
        for (int i = 0; i < Samples.Batch; i++)
        {
            _writer.WriteMessage(_frame, _pipe.Writer);
        }

        Flush();
    }

    private void Flush()
    {
        ValueTask<FlushResult> flushed = _pipe.Writer.FlushAsync();
        Require.That(flushed.IsCompletedSuccessfully, "the pipe has room");
    }

    private long TakeOff()
    {
        Require.That(_pipe.Reader.TryRead(out ReadResult result), "the pipe passes bytes on");
        long length = result.Buffer.Length;
        _pipe.Reader.AdvanceTo(result.Buffer.End);
        return length;
    }
}
