using System.Buffers;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using BenchmarkDotNet.Attributes;
using MessagePack;
using MessagePack.Formatters;
using MessagePack.Resolvers;

namespace Bedrock.Ghms.Benchmarks.Messages;

/// <summary>One message to MessagePack and back, beside the bare formatter, which trusts its peer.</summary>
[MemoryDiagnoser]
public class MessagePackBenchmarks
{
    private static readonly MessagePackSerializerOptions Options = ContractlessStandardResolver.Options;

    private readonly MessageCodec _codec = new MessagePackMessageEncoding().CreateCodec<Text>(null);
    private readonly IMessagePackFormatter<Text> _formatter = Options.Resolver.GetFormatterWithVerify<Text>();
    private readonly Text _message = new() { Word = Samples.Word };
    private readonly ArrayBufferWriter<byte> _output = new(1_024);
    private ReadOnlySequence<byte> _payload;

    [GlobalSetup]
    public void Setup()
    {
        _payload = new ReadOnlySequence<byte>(Samples.Written(output => _codec.Encode(_message, output)));
        BareEncode();
        Require.That(_output.WrittenSpan.SequenceEqual(_payload.FirstSpan), "both write the same bytes");
        Require.That(((Text)Decode()).Word == Samples.Word, "a message comes back as it was");
        Require.That(BareDecode().Word == Samples.Word, "bare as well");
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
    public int BareEncode()
    {
        _output.ResetWrittenCount();
        var writer = new MessagePackWriter(_output);
        _formatter.Serialize(ref writer, _message, Options);
        writer.Flush();
        return _output.WrittenCount;
    }

    [Benchmark]
    public Text BareDecode()
    {
        var reader = new MessagePackReader(_payload);
        return _formatter.Deserialize(ref reader, Options);
    }
}
