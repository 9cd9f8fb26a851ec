using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Broker;

/// <summary>A batch of messages sent to one connection, until its peer has taken them off.</summary>
[MemoryDiagnoser]
public class SendBenchmarks
{
    private readonly Text _message = new() { Word = Samples.Word };
    private readonly long _length = Samples.Frames(Samples.TextCode, Samples.Written(output =>
        new MessagePackMessageEncoding().CreateCodec<Text>(null).Encode(new Text { Word = Samples.Word }, output))).Length;

    private BrokerBench _roomy = null!;
    private BrokerBench _narrow = null!;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _roomy = await CreateAsync(pauseThreshold: 1 << 20);
        _narrow = await CreateAsync(pauseThreshold: 1);
        Require.That(Direct() == _length && Batched() == _length && Queued() == _length, "everything arrives");
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _roomy.DisposeAsync();
        await _narrow.DisposeAsync();
    }

    /// <summary>Each message is encoded into the output and flushed by itself.</summary>
    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public long Direct()
    {
        Send(_roomy);
        return _roomy.Drain();
    }

    /// <summary>The messages share a flush, as those that a handler sends do.</summary>
    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public long Batched()
    {
        var batch = FlushBatch.Enter(TimeProvider.System);
        Send(_roomy);
        batch.Leave();
        return _roomy.Drain();
    }

    /// <summary>The peer lets no second flush through until it has read, so that all messages but the first wait in the queue.</summary>
    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public long Queued()
    {
        Send(_narrow);
        return _narrow.Drain();
    }

    private static Task<BrokerBench> CreateAsync(long pauseThreshold) => BrokerBench.CreateAsync(
        builder => builder.AddMessagePack().AddMessage<Text>(Samples.TextCode), connections: 1, MediaTypes.MessagePack, pauseThreshold);

    private void Send(BrokerBench bench)
    {
        GhmsConnection connection = bench.FirstConnection;
        for (int i = 0; i < Samples.Batch; i++)
        {
            ValueTask<int> sent = connection.SendAsync(_message);
            Require.That(sent.IsCompletedSuccessfully && sent.Result == 1, "the message is accepted at once");
        }
    }
}
