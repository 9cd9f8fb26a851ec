using System.Buffers;
using System.IO.Pipelines;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Protocol.Framing;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Framing;

/// <summary>Frames cut out of a pipe, beside the same bytes through the pipe alone.</summary>
[MemoryDiagnoser]
public class FrameReadBenchmarks
{
    private readonly FrameReader _frames = new(1_000_000, isKnown: static code => code == Samples.TextCode);
    private readonly byte[] _bytes = Samples.Frames(Samples.TextCode, new byte[100]);
    private Pipe _pipe = new();

    /// <summary>All in one segment, or every frame in several.</summary>
    [Params(4_096, 64)]
    public int SegmentSize { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pipe = new Pipe(new PipeOptions(minimumSegmentSize: SegmentSize, useSynchronizationContext: false));
        Require.That(PipeOnly() == _bytes.Length, "the pipe passes everything");
        Require.That(Read() == 100 * Samples.Batch, "every frame is read");
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Samples.Batch)]
    public long PipeOnly()
    {
        ReadOnlySequence<byte> received = Pass();
        long length = received.Length;
        _pipe.Reader.AdvanceTo(received.End);
        return length;
    }

    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public long Read()
    {
        ReadOnlySequence<byte> received = Pass();
        SequencePosition consumed = received.Start;
        SequencePosition examined = received.Start;
        long length = 0;
        while (_frames.TryParseMessage(received, ref consumed, ref examined, out Frame frame))
        {
            length += frame.Payload.Length;
            received = received.Slice(consumed);
        }

        _pipe.Reader.AdvanceTo(consumed, examined);
        return length;
    }

    private ReadOnlySequence<byte> Pass()
    {
        _pipe.Writer.Write(_bytes);
        ValueTask<FlushResult> flushed = _pipe.Writer.FlushAsync();
        Require.That(flushed.IsCompletedSuccessfully, "the pipe has room");
        Require.That(_pipe.Reader.TryRead(out ReadResult result), "the pipe passes bytes on");
        return result.Buffer;
    }
}
