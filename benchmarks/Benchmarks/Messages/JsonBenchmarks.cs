using System.Buffers;
using System.Text.Json;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Messages;

/// <summary>One message to JSON and back, beside the bare serializer.</summary>
[MemoryDiagnoser]
public class JsonBenchmarks
{
    private readonly MessageCodec _codec = new JsonMessageEncoding().CreateCodec<Text>(null);
    private readonly Text _message = new() { Word = Samples.Word };
    private readonly ArrayBufferWriter<byte> _output = new(1_024);
    private ReadOnlySequence<byte> _payload;

    [GlobalSetup]
    public void Setup()
    {
        _payload = new ReadOnlySequence<byte>(Samples.Written(output => _codec.Encode(_message, output)));
        Require.That(((Text)Decode()).Word == Samples.Word, "a message comes back as it was");
        Require.That(BareDecode()!.Word == Samples.Word, "bare as well");
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

    [Benchmark]
    public byte[] BareEncode() => JsonSerializer.SerializeToUtf8Bytes(_message);

    [Benchmark]
    public Text? BareDecode() => JsonSerializer.Deserialize<Text>(_payload.FirstSpan);
}
