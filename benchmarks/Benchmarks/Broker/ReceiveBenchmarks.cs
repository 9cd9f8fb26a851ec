using System.Buffers;
using System.IO.Pipelines;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using Bedrock.Ghms.Testing;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Broker;

/// <summary>A batch of messages from a connection's input to their handlers.</summary>
[MemoryDiagnoser]
public class ReceiveBenchmarks
{
    private readonly byte[] _text = Samples.Frames(Samples.TextCode, Samples.Written(output =>
        new MessagePackMessageEncoding().CreateCodec<Text>(null).Encode(new Text { Word = Samples.Word }, output)));

    private readonly byte[] _binary = Samples.Frames(Samples.BinaryCode, new byte[100]);
    private BrokerBench _bench = null!;
    private int _handled;

    /// <summary>How many pipes hand each message on to the next.</summary>
    [Params(0, 1, 3)]
    public int Pipes { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _bench = await BrokerBench.CreateAsync(Configure, connections: 1, MediaTypes.MessagePack);
        Require.That(Text() == Samples.Batch, "every text is handled");
        Require.That(PooledBinary() == Samples.Batch, "every binary message is handled");
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _bench.DisposeAsync();

    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public int Text() => Receive(_text);

    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public int PooledBinary() => Receive(_binary);

    private void Configure(GhmsTestBuilder builder)
    {
        builder
            .AddMessagePack()
            .AddEncoding(new BinaryMessageEncoding())
            .AddMessage<Text>(Samples.TextCode, encoding: MediaTypes.MessagePack)
            .AddMessage(Samples.BinaryCode, Binary.Take, MediaTypes.Binary)
            .HandleOthers((_, _, _) => Count());
        for (int i = 0; i < Pipes; i++)
        {
            builder.UsePipe(new PassingPipe());
        }
    }

    private int Receive(byte[] frames)
    {
        _handled = 0;
        PipeWriter output = _bench.Clients[0].Transport.Output;
        output.Write(frames);
        ValueTask<FlushResult> flushed = output.FlushAsync();
        Require.That(flushed.IsCompletedSuccessfully, "the connection has room");
        return _handled;
    }

    private ValueTask Count()
    {
        _handled++;
        return ValueTask.CompletedTask;
    }

    private sealed class PassingPipe : GhmsPipe;
}
