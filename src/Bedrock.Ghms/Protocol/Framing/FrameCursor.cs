using System.Buffers;

namespace Bedrock.Ghms.Protocol.Framing;

/// <summary>Walks the frames of one read. It keeps to the segment it stands in, and slices the input only where a frame spans two.</summary>
/// <param name="reader">Judges the frames; it remembers what has begun and not ended.</param>
/// <param name="input">What has arrived and was not consumed.</param>
internal ref struct FrameCursor(FrameReader reader, in ReadOnlySequence<byte> input)
{
    private ReadOnlySequence<byte> _input = input;
    private ReadOnlyMemory<byte> _segment = input.First;
    private ReadOnlySpan<byte> _unread = input.FirstSpan;
    private ReadOnlySequence<byte> _payloadAcross;
    private int _used;
    private int _length;
    private bool _isShort;

    /// <summary>The code of the frame that was looked at.</summary>
    public uint Code { get; private set; }

    /// <summary>Whether its payload lies in one piece, as it nearly always does.</summary>
    public bool IsContiguous { get; private set; }

    /// <summary>The payload that lies in one piece, borrowed from the input.</summary>
    public readonly ReadOnlyMemory<byte> Contiguous => _segment.Slice(_used + FrameHeader.Size, _length);

    /// <summary>The payload however it lies, borrowed from the input.</summary>
    public readonly ReadOnlySequence<byte> Payload => IsContiguous ? new ReadOnlySequence<byte>(Contiguous) : _payloadAcross;

    /// <summary>How many bytes the frames that were taken had, in all.</summary>
    public long Taken { get; private set; }

    /// <summary>What lies behind the frames that were taken.</summary>
    public readonly ReadOnlySequence<byte> Rest => _used == 0 ? _input : _input.Slice(_used);

    /// <summary>How far the input has been looked at: to its end when more is needed, else no further than what was taken.</summary>
    public readonly SequencePosition Examined => _isShort ? _input.End : Rest.Start;

    /// <summary>Looks at the next frame without taking it.</summary>
    /// <returns><see langword="true"/> when all of it is there.</returns>
    /// <exception cref="GhmsProtocolException">Its header breaks a rule.</exception>
    public bool TryPeek()
    {
        IsContiguous = reader.TryJudge(_unread, out var header);
        if (!IsContiguous)
        {
            return TryPeekAcross();
        }

        Code = header.Code;
        _length = (int)header.Length;
        return true;
    }

    /// <summary>Takes the frame that was looked at.</summary>
    public void Take()
    {
        if (IsContiguous)
        {
            _used += FrameHeader.Size + _length;
            _unread = _unread[(FrameHeader.Size + _length)..];
            Taken += FrameHeader.Size + _length;
        }
        else
        {
            Taken += FrameHeader.Size + _payloadAcross.Length;
            MoveTo(_input.Slice(_payloadAcross.End));
        }
    }

    private bool TryPeekAcross()
    {
        MoveTo(Rest);
        var (consumed, examined) = (_input.Start, _input.Start);
        _isShort = !reader.TryParseMessage(_input, ref consumed, ref examined, out var frame);
        Code = frame.Code;
        _payloadAcross = frame.Payload;
        return !_isShort;
    }

    private void MoveTo(in ReadOnlySequence<byte> rest)
    {
        _input = rest;
        _segment = rest.First;
        _unread = _segment.Span;
        _used = 0;
    }
}
