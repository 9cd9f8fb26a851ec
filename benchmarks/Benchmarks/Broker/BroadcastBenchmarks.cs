using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Broker.Outbound;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Broker;

/// <summary>One message to every connection, until all peers have taken it off.</summary>
[MemoryDiagnoser]
public class BroadcastBenchmarks
{
    private readonly Text _message = new() { Word = Samples.Word };
    private readonly long _length = Samples.Frames(Samples.TextCode, Samples.Written(output =>
        new MessagePackMessageEncoding().CreateCodec<Text>(null).Encode(new Text { Word = Samples.Word }, output))).Length;

    private BrokerBench _bench = null!;

    [Params(1, 100, 1_000)]
    public int Connections { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _bench = await BrokerBench.CreateAsync(
            builder => builder.AddMessagePack().AddMessage<Text>(Samples.TextCode), Connections, MediaTypes.MessagePack);
        Require.That(Alone() == _length / Samples.Batch * Connections, "one message arrives everywhere");
        Require.That(Batched() == _length * Connections, "a batch arrives everywhere");
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _bench.DisposeAsync();

    /// <summary>Flushed by itself.</summary>
    [Benchmark(Baseline = true)]
    public long Alone()
    {
        Send();

        // Many are sent to by another thread.
        long length = 0;
        while (length < _length / Samples.Batch * Connections)
        {
            length += _bench.Drain();
        }

        return length;
    }

    /// <summary>Sharing a flush on each connection with others, as messages do that one batch of received ones causes.</summary>
    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public long Batched()
    {
        var batch = FlushBatch.Enter(TimeProvider.System);
        for (int i = 0; i < Samples.Batch; i++)
        {
            Send();
            batch.FlushIfDue();
        }

        batch.Leave();
        return _bench.Drain();
    }

    private void Send()
    {
        ValueTask<int> sent = _bench.Broker.SendAsync(_message);
        Require.That(sent.IsCompletedSuccessfully && sent.Result == Connections, "everyone accepts at once");
    }
}
