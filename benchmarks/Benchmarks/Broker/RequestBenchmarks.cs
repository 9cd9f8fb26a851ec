using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Requests;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Broker;

/// <summary>A batch of requests and their replies, beside as many plain messages that come back.</summary>
[MemoryDiagnoser]
public class RequestBenchmarks
{
    private const uint Request = 0xFFFF_FF10;
    private const uint Reply = 0xFFFF_FF11;
    private const int HeadSize = FrameHeader.Size + sizeof(ulong) + sizeof(uint);
    private const int FrameSize = HeadSize + 100;

    private readonly byte[] _plain = Samples.Frames(Samples.BinaryCode, new byte[100]);
    private readonly byte[] _requests = Envelopes(Request);
    private readonly byte[] _replies = Envelopes(Reply);
    private readonly Task<Binary>[] _asked = new Task<Binary>[Samples.Batch];
    private readonly Binary _message = new();
    private BrokerBench _bench = null!;
    private ulong _id;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _bench = await BrokerBench.CreateAsync(
            builder => builder
                .AddBinary()
                .AddMessage(Samples.BinaryCode, Binary.Take)
                .Handle<Binary>((connection, message, ct) => connection.SendAsync(message, ct))
                .Answer<Binary, Binary>((_, message, _) => new(message)),
            connections: 1,
            MediaTypes.Binary);
        Require.That(Comes(_plain, Samples.Batch * 108), "everything comes back");
        Require.That(Comes(_requests, Samples.Batch * FrameSize), "every request is answered");
        Ask();
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _bench.DisposeAsync();

    /// <summary>Two plain messages, there and back.</summary>
    [Benchmark(OperationsPerInvoke = Samples.Batch, Baseline = true)]
    public long Echo() => Exchange(_plain);

    /// <summary>A request of the peer and its reply.</summary>
    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public long Answer() => Exchange(_requests);

    /// <summary>A request of this side and its reply, which somebody takes elsewhere.</summary>
    [Benchmark(OperationsPerInvoke = Samples.Batch)]
    public long Ask()
    {
        for (int i = 0; i < Samples.Batch; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_replies.AsSpan((i * FrameSize) + FrameHeader.Size), ++_id);
            _asked[i] = _bench.FirstConnection.RequestAsync<Binary>(_message).AsTask();
        }

        long length = Exchange(_replies);
        foreach (Task<Binary> asked in _asked)
        {
            while (!asked.IsCompletedSuccessfully)
            {
                Thread.Yield();
            }
        }

        return length;
    }

    private static byte[] Envelopes(uint code)
    {
        byte[] frames = new byte[Samples.Batch * FrameSize];
        for (int i = 0; i < Samples.Batch; i++)
        {
            Span<byte> frame = frames.AsSpan(i * FrameSize, FrameSize);
            new FrameHeader(code, FrameSize - FrameHeader.Size).Write(frame);
            BinaryPrimitives.WriteUInt64BigEndian(frame[FrameHeader.Size..], (ulong)i);
            BinaryPrimitives.WriteUInt32BigEndian(frame[(HeadSize - sizeof(uint))..], Samples.BinaryCode);
        }

        return frames;
    }

    // At first the connection's own thread may still be about to read.
    private bool Comes(byte[] frames, long expected)
    {
        long length = Exchange(frames);
        return SpinWait.SpinUntil(() => (length += _bench.Drain()) == expected, 10_000);
    }

    private long Exchange(byte[] frames)
    {
        PipeWriter output = _bench.Clients[0].Transport.Output;
        output.Write(frames);
        ValueTask<FlushResult> flushed = output.FlushAsync();
        Require.That(flushed.IsCompletedSuccessfully, "the connection has room");
        return _bench.Drain();
    }
}
