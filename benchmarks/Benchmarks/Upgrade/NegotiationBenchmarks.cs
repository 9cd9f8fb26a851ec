using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Protocol.Upgrade;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Upgrade;

/// <summary>The choice of an encoding, once per connection.</summary>
[MemoryDiagnoser]
[SuppressMessage("Design", "CA1001", Justification = "It is cleaned up by whoever runs it, and cannot run sealed.")]
public class NegotiationBenchmarks
{
    private readonly MediaTypeTable _table = new(
        new MessageEncoding[] { new JsonMessageEncoding(), new MessagePackMessageEncoding(), new BinaryMessageEncoding() }
            .Select(encoding => encoding.Names));

    private readonly UpgradeRequestParser _parser = new();

    [GlobalSetup]
    public void Setup()
    {
        _parser.Parse(new ReadOnlySequence<byte>(Samples.Request(fields: 10)), out _);
        Require.That(Choose() == MediaTypes.MessagePack, "the preferred encoding is chosen");
    }

    [GlobalCleanup]
    public void Cleanup() => _parser.Dispose();

    [Benchmark]
    public string Choose()
    {
        _table.TryChoose(_parser.Head, out _, out string mediaType);
        return mediaType;
    }
}
