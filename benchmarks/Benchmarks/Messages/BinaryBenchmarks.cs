using System.Buffers;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Messages;

/// <summary>One message that reads and writes itself, taken from a pool.</summary>
[MemoryDiagnoser]
public class BinaryBenchmarks
{
    private readonly MessageCodec _codec = new BinaryMessageEncoding().CreateCodec(Binary.Take);
    private readonly Binary _message = new();
    private readonly ArrayBufferWriter<byte> _output = new(1_024);
    private readonly ReadOnlySequence<byte> _payload = new(Enumerable.Repeat((byte)7, 100).ToArray());

    [GlobalSetup]
    public void Setup()
    {
        Require.That(((Binary)Decode()).Bytes.SequenceEqual(_payload.FirstSpan), "a message is read");
        Require.That(Encode() == 100, "a message is written");
    }

    [Benchmark]
    public int Encode()
    {
        _output.ResetWrittenCount();
        _codec.Encode(_message, _output);
        return _output.WrittenCount;
    }

    [Benchmark]
    public object Decode() => _codec.Decode(_payload);
}
