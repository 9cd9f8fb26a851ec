using System.Buffers;

namespace Bedrock.Ghms.Protocol.Framing;

/// <summary>Writes frames: the mirror of <see cref="FrameReader"/>. Safe for concurrent use on different outputs.</summary>
/// <param name="maxMessageSize">The largest payload written, in bytes: what the peer accepts. A Close has a limit of its own.</param>
public sealed class FrameWriter(uint maxMessageSize)
{
    /// <summary>Writes the header and payload of <paramref name="message"/>.</summary>
    /// <param name="message">The frame.</param>
    /// <param name="output">Where to; it is advanced once when the frame fits in the span it hands out.</param>
    /// <exception cref="GhmsMessageTooLargeException">The payload exceeds the largest size; nothing was written.</exception>
    public void WriteMessage(Frame message, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var length = message.Payload.Length;
        var limit = message.Code == Ghms.CloseCode ? CloseMessage.MaxSize : maxMessageSize;
        if (length > limit)
        {
            throw new GhmsMessageTooLargeException($"A payload of {length} bytes; at most {limit} may be sent.");
        }

        var header = new FrameHeader(message.Code, (uint)length);
        var span = output.GetSpan(FrameHeader.Size);
        header.Write(span);
        if (span.Length - FrameHeader.Size >= length)
        {
            message.Payload.CopyTo(span[FrameHeader.Size..]);
            output.Advance(FrameHeader.Size + (int)length);
            return;
        }

        output.Advance(FrameHeader.Size);
        foreach (var segment in message.Payload)
        {
            output.Write(segment.Span);
        }
    }
}
