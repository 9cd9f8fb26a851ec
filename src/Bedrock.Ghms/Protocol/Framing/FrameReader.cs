using System.Buffers;

namespace Bedrock.Ghms.Protocol.Framing;

/// <summary>Cuts a stream of bytes into frames, judging each on its header alone before its payload arrives (section 3 of the protocol).</summary>
/// <remarks>
/// One reader serves one connection; it remembers the header of a frame whose payload is still on its way, so that a large
/// payload in many segments is looked at once. Not safe for concurrent use.
/// </remarks>
/// <param name="maxMessageSize">The largest payload accepted, in bytes. Close and Heartbeat have limits of their own.</param>
/// <param name="heartbeatCode">The code of the heartbeat message.</param>
/// <param name="isKnown">Whether a message code is understood; asked once for messages of one code in a row. <see langword="null"/> takes every code.</param>
public sealed class FrameReader(uint maxMessageSize, uint heartbeatCode = Ghms.HeartbeatCode, Func<uint, bool>? isKnown = null)
{
    private long _awaited;

    // One message is mostly followed by another of its kind, which needs no second look at its code.
    private uint _lastKnown = Ghms.CloseCode;

    /// <summary>Whether a frame has begun whose end has not arrived.</summary>
    public bool IsInsideFrame { get; private set; }

    /// <summary>Takes the next frame off <paramref name="input"/>.</summary>
    /// <param name="input">What has arrived and was not consumed.</param>
    /// <param name="consumed">Moves behind the frame when there is one.</param>
    /// <param name="examined">Moves behind the frame, or to the end of <paramref name="input"/> when more is needed.</param>
    /// <param name="message">The frame; its payload borrows <paramref name="input"/>.</param>
    /// <returns><see langword="true"/> when a whole frame was there.</returns>
    /// <exception cref="GhmsProtocolException">The header breaks a rule; the status says which.</exception>
    public bool TryParseMessage(
        in ReadOnlySequence<byte> input, ref SequencePosition consumed, ref SequencePosition examined, out Frame message)
    {
        if (_awaited > 0 && input.Length < _awaited)
        {
            examined = input.End;
            message = default;
            return false;
        }

        if (!FrameHeader.TryRead(input, out var header))
        {
            IsInsideFrame = !input.IsEmpty;
            examined = input.End;
            message = default;
            return false;
        }

        var size = FrameHeader.Size + (long)header.Length;
        if (_awaited == 0)
        {
            Judge(header);
            if (input.Length < size)
            {
                _awaited = size;
                IsInsideFrame = true;
                examined = input.End;
                message = default;
                return false;
            }
        }

        _awaited = 0;
        IsInsideFrame = false;
        var payload = input.Slice(FrameHeader.Size, header.Length);
        consumed = examined = payload.End;
        message = new Frame(header.Code, payload);
        return true;
    }

    /// <summary>Judges the frame that begins <paramref name="contiguous"/> if all of it is there, as it nearly always is.</summary>
    /// <exception cref="GhmsProtocolException">The header breaks a rule.</exception>
    internal bool TryJudge(ReadOnlySpan<byte> contiguous, out FrameHeader header)
    {
        if (_awaited > 0 || contiguous.Length < FrameHeader.Size)
        {
            header = default;
            return false;
        }

        header = FrameHeader.Read(contiguous);
        if (header.Length > (uint)(contiguous.Length - FrameHeader.Size))
        {
            return false;
        }

        Judge(header);
        IsInsideFrame = false;
        return true;
    }

    private void Judge(FrameHeader header)
    {
        if (header.Code != _lastKnown || header.Length > maxMessageSize || header.Code == Ghms.CloseCode)
        {
            JudgeSlow(header);
        }
    }

    private void JudgeSlow(FrameHeader header)
    {
        if (header.Code == Ghms.CloseCode)
        {
            if (header.Length > CloseMessage.MaxSize)
            {
                Refuse(CloseStatus.ProtocolError, $"A Close of {header.Length} bytes.");
            }
        }
        else if (header.Code == heartbeatCode)
        {
            if (header.Length != 0)
            {
                Refuse(CloseStatus.ProtocolError, $"A Heartbeat with a payload of {header.Length} bytes.");
            }
        }
        else if (header.Length > maxMessageSize)
        {
            Refuse(CloseStatus.MessageTooBig, $"A message of {header.Length} bytes; at most {maxMessageSize} are accepted.");
        }
        else if (isKnown is not null && !isKnown(header.Code))
        {
            Refuse(CloseStatus.UnknownMessageCode, $"Message code {header.Code} is not known here.");
        }
        else
        {
            _lastKnown = header.Code;
        }
    }

    private static void Refuse(CloseStatus status, string message) => throw new GhmsProtocolException(status, message);
}
