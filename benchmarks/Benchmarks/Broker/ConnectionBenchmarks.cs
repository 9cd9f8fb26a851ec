using System.Buffers;
using System.IO.Pipelines;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Testing;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Broker;

/// <summary>A connection from its request to its end, beside what its transport takes by itself.</summary>
[MemoryDiagnoser]
public class ConnectionBenchmarks
{
    private readonly byte[] _request = Samples.Request(fields: 10);
    private readonly InMemoryOptions _options = new() { Pool = new BlockPool(), Scheduler = PipeScheduler.Inline };

    private GhmsBroker _broker = null!;
    private InMemoryServer _server = null!;

    [GlobalSetup]
    public void Setup()
    {
        _broker = new GhmsTestBuilder().AddMessagePack().Build();
        _server = new InMemoryServer(_broker, _options);
        Require.That(UpgradeAndEnd() > 0 && PipesOnly() == _request.Length, "everybody is answered");
        Require.That(_broker.Count == 0, "the connection has ended");
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _broker.DisposeAsync();

    [Benchmark(Baseline = true)]
    public long PipesOnly()
    {
        var (client, server) = InMemoryConnection.CreatePair(_options);
        Write(client.Transport.Output);
        Read(server.Transport.Input);
        Write(server.Transport.Output);
        return Read(client.Transport.Input);
    }

    [Benchmark]
    public long UpgradeAndEnd()
    {
        InMemoryConnection client = _server.Connect();
        Write(client.Transport.Output);
        return Read(client.Transport.Input);
    }

    // The end is flushed with what comes before it.
    private void Write(PipeWriter output)
    {
        output.Write(_request);
        output.Complete();
    }

    private static long Read(PipeReader input)
    {
        Require.That(input.TryRead(out ReadResult result) && result.IsCompleted, "the end has come");
        long length = result.Buffer.Length;
        input.AdvanceTo(result.Buffer.End);
        input.Complete();
        return length;
    }
}
