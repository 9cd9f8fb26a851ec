using System.IO.Pipelines;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Testing;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>A connection under test with everything around it: the far end, and the transport it runs on.</summary>
internal sealed record Wire(RawPeer Peer, GhmsConnection Connection, InMemoryConnection Server, TappedWriter Output)
{
    /// <summary>Sends a blob from the far end.</summary>
    public Task SendAsync(int value, int size = 1) => Peer.SendAsync(RawPeer.Frame(Blob.Code, Blob.Of(value, size).Data));

    /// <summary>Reads the next frame, which must be a blob, at the far end.</summary>
    public async Task<byte[]> ReadAsync()
    {
        var frame = await Peer.ReadFrameAsync();
        Assert.That(frame?.Code, Is.EqualTo(Blob.Code), "A blob was expected.");
        return frame!.Value.Payload;
    }

    /// <summary>Reads the next frame at the far end, which must be a blob of these bytes.</summary>
    public async Task ExpectAsync(byte[] expected)
    {
        var got = await ReadAsync();

        // A comparison that explains itself takes its time, so it is left to those that fail.
        if (!got.AsSpan().SequenceEqual(expected))
        {
            Assert.That(got, Is.EqualTo(expected));
        }
    }

    /// <summary>Takes up to <paramref name="bytes"/> that wait at the far end, without waiting for more.</summary>
    public long Take(long bytes = long.MaxValue)
    {
        if (!Peer.Input.TryRead(out var result))
        {
            return 0;
        }

        var taken = result.Buffer.Slice(0, Math.Min(bytes, result.Buffer.Length));
        var length = taken.Length;
        Peer.Input.AdvanceTo(taken.End);
        return length;
    }

    /// <summary>Reads and forgets <paramref name="bytes"/> at the far end.</summary>
    public async Task SkipAsync(long bytes)
    {
        while (bytes > 0)
        {
            var result = await Peer.ReadAsync();
            var taken = result.Buffer.Slice(0, Math.Min(bytes, result.Buffer.Length));
            bytes -= taken.Length;
            Peer.Input.AdvanceTo(taken.End);
            Assert.That(result.IsCompleted && bytes > 0, Is.False, "The connection ended early.");
        }
    }

    /// <summary>Puts a tap between the connection and its transport, before the connection is made.</summary>
    public static TappedWriter Tap(InMemoryConnection server)
    {
        var output = new TappedWriter(server.Transport.Output);
        server.Transport = new TappedPipes(server.Transport.Input, output);
        return output;
    }

    private sealed class TappedPipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input { get; } = input;

        public PipeWriter Output { get; } = output;
    }
}
