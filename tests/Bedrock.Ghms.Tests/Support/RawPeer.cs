using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Bedrock.Ghms.Protocol.Framing;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>The far end of a connection, speaking the protocol byte by byte.</summary>
internal sealed class RawPeer(ConnectionContext transport)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public PipeReader Input => transport.Transport.Input;

    public PipeWriter Output => transport.Transport.Output;

    /// <summary>Upgrades as a client.</summary>
    /// <param name="accept">The Accept field's value.</param>
    /// <param name="fields">More field lines, each with its CRLF.</param>
    public async Task<string> UpgradeAsync(string accept = "application/json", string fields = "")
    {
        await SendAsync(
            $"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: GHMS/0.1\r\nAccept: {accept}\r\n{fields}\r\n");
        return await ReadHeadAsync();
    }

    public async Task SendAsync(string latin1) => await Output.WriteAsync(Encoding.Latin1.GetBytes(latin1));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await Output.WriteAsync(bytes);

    public Task SendFrameAsync(uint code, string payload) => SendAsync(Frame(code, Encoding.UTF8.GetBytes(payload)));

    public async Task FinishAsync() => await Output.CompleteAsync();

    /// <summary>Reads up to and including the blank line.</summary>
    public async Task<string> ReadHeadAsync()
    {
        while (true)
        {
            var result = await ReadAsync();
            var text = Encoding.Latin1.GetString(result.Buffer);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                Input.AdvanceTo(result.Buffer.GetPosition(end + 4));
                return text[..(end + 4)];
            }

            Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            Assert.That(result.IsCompleted, Is.False, "The connection ended inside a head.");
        }
    }

    /// <summary>Reads the next frame that is not a heartbeat; <see langword="null"/> at the end of input.</summary>
    public async Task<(uint Code, byte[] Payload)?> ReadFrameAsync(bool heartbeats = false)
    {
        while (true)
        {
            var result = await ReadAsync();
            if (FrameHeader.TryRead(result.Buffer, out var header) && result.Buffer.Length >= FrameHeader.Size + header.Length)
            {
                var payload = result.Buffer.Slice(FrameHeader.Size, header.Length);
                var frame = (header.Code, payload.ToArray());
                Input.AdvanceTo(payload.End);
                if (header.Code != Ghms.HeartbeatCode || heartbeats)
                {
                    return frame;
                }

                continue;
            }

            if (result.IsCompleted)
            {
                Assert.That(result.Buffer.IsEmpty, Is.True, "The connection ended inside a frame.");
                return null;
            }

            Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Reads the next frame as text and fails if there is none.</summary>
    public async Task<(uint Code, string Text)> ReadTextAsync()
    {
        var frame = await ReadFrameAsync();
        Assert.That(frame, Is.Not.Null, "The connection ended; a message was expected.");
        return (frame!.Value.Code, Encoding.UTF8.GetString(frame.Value.Payload));
    }

    /// <summary>Reads a Close and the end of input behind it.</summary>
    public async Task<CloseMessage> ReadCloseAsync()
    {
        var frame = await ReadFrameAsync();
        Assert.That(frame?.Code, Is.EqualTo(Ghms.CloseCode), "A Close was expected.");
        Assert.That(CloseMessage.TryRead(new ReadOnlySequence<byte>(frame!.Value.Payload), out var close), Is.True);
        await FinishAsync();
        Assert.That(await ReadFrameAsync(), Is.Null, "Something followed a Close.");
        return close;
    }

    public async Task<ReadResult> ReadAsync() => await Input.ReadAsync().AsTask().WaitAsync(Patience);

    public static byte[] Frame(uint code, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(code, (uint)payload.Length).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Size));
        return frame;
    }
}
