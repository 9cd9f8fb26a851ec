using System.Buffers;
using Bedrock.Ghms.Client.Tls;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Client;

/// <summary>What TLS stands on: a pair of pipes as a stream.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DuplexPipeStreamTests : IDisposable
{
    private readonly DuplexPipeStream _stream;
    private readonly RawPeer _peer;

    public DuplexPipeStreamTests()
    {
        var (near, far) = InMemoryConnection.CreatePair();
        _stream = new DuplexPipeStream(near.Transport);
        _peer = new RawPeer(far);
    }

    public void Dispose() => _stream.Dispose();

    [Test]
    public async Task A_read_takes_what_fits_across_segments_and_leaves_the_rest()
    {
        var sent = new byte[20_000];
        Random.Shared.NextBytes(sent);
        foreach (var part in sent.Chunk(5_000))
        {
            _peer.Output.Write(part);
        }

        await _peer.Output.FlushAsync();
        var received = new byte[20_000];
        for (var count = 0; count < sent.Length;)
        {
            var read = await _stream.ReadAsync(received.AsMemory(count, Math.Min(7_777, sent.Length - count))).AsTask().InTime();
            Assert.That(read, Is.EqualTo(Math.Min(7_777, sent.Length - count)));
            count += read;
        }

        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public async Task A_read_of_nothing_waits_for_something_and_takes_none_of_it()
    {
        var waiting = _stream.ReadAsync(Memory<byte>.Empty);
        Assert.That(waiting.IsCompleted, Is.False);
        await _peer.SendAsync("a");
        Assert.That(await waiting.AsTask().InTime(), Is.Zero);
        Assert.That(await _stream.ReadAsync(new byte[10]).AsTask().InTime(), Is.EqualTo(1));
    }

    [Test]
    public async Task The_end_of_the_input_is_the_end_of_the_stream()
    {
        await _peer.FinishAsync();
        Assert.That(await _stream.ReadAsync(new byte[10]).AsTask().InTime(), Is.Zero);
    }

    [Test]
    public async Task What_nobody_will_read_is_not_written()
    {
        await _peer.Input.CompleteAsync();
        Assert.That(async () => await _stream.WriteAsync(new byte[1]), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_write_waits_while_the_peer_does_not_read()
    {
        var writing = _stream.WriteAsync(new byte[200_000]);
        Assert.That(writing.IsCompleted, Is.False);
        var read = 0L;
        while (read < 200_000)
        {
            var result = await _peer.ReadAsync();
            read += result.Buffer.Length;
            _peer.Input.AdvanceTo(result.Buffer.End);
        }

        await writing.AsTask().InTime();
    }
}
