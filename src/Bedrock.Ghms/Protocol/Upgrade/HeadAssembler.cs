using System.Buffers;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>
/// Finds and judges the lines of a head as they arrive. A head that lies whole in the first span is judged where it is; any other
/// is gathered in a pooled buffer, each byte being looked at once however the bytes are split.
/// </summary>
/// <remarks>The outcome depends on the bytes only: a line is refused at the first byte that settles it, and judged as a whole once it is complete.</remarks>
internal struct HeadAssembler<TStartLine>
    where TStartLine : struct, IStartLine<TStartLine>
{
    // Bounds what is copied in vain of the messages that may follow the blank line.
    private const int CopyStep = 4_096;

    private byte[]? _buffer;
    private int _buffered;
    private int _headStart;
    private int _fieldsStart;
    private int _fieldCount;
    private int _lineStart;
    private int _scanned;
    private ReadOnlyMemory<byte> _head;
    private TStartLine _startLine;

    public UpgradeParseStatus Status { get; private set; }

    public HeadFault Fault { get; private set; }

    public readonly TStartLine StartLine => _startLine;

    public readonly bool AnyByte => _buffered > 0 || Status != UpgradeParseStatus.NeedMore;

    /// <summary>The complete head from its start line to its last field line.</summary>
    public readonly ReadOnlySpan<byte> Head => _head.Span;

    public readonly int FieldsOffset => _fieldsStart - _headStart;

    public UpgradeParseStatus Parse(in ReadOnlySequence<byte> input, out SequencePosition consumed)
    {
        if (Status != UpgradeParseStatus.NeedMore)
        {
            consumed = input.Start;
            return Status;
        }

        var before = _buffered;
        var bytes = input.First;
        if (before > 0 || (Status = Scan(bytes.Span)) == UpgradeParseStatus.NeedMore)
        {
            Gather(input, firstIsScanned: before == 0);
            bytes = _buffer;
        }

        if (Status == UpgradeParseStatus.Complete)
        {
            _head = bytes[_headStart..(_lineStart - 2)];

            // A head mostly ends what has arrived, and that position is known.
            var length = _lineStart - before;
            consumed = length == input.Length ? input.End : input.GetPosition(length);
        }
        else
        {
            consumed = input.End;
        }

        return Status;
    }

    /// <summary>Gives the buffer back and forgets everything.</summary>
    public void Reset()
    {
        var buffer = _buffer;
        this = default;
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Gather(in ReadOnlySequence<byte> input, bool firstIsScanned)
    {
        foreach (var segment in input)
        {
            var rest = segment.Span;
            if (firstIsScanned)
            {
                firstIsScanned = false;
                Append(rest);
                continue;
            }

            while (!rest.IsEmpty)
            {
                var step = Math.Min(rest.Length, CopyStep);
                Append(rest[..step]);
                Status = Scan(_buffer.AsSpan(0, _buffered));
                if (Status != UpgradeParseStatus.NeedMore)
                {
                    return;
                }

                rest = rest[step..];
            }
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        if (_buffer is null || _buffer.Length - _buffered < bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _buffered, Math.Max(_buffered + bytes.Length, 512)));
            if (_buffer is not null)
            {
                _buffer.AsSpan(0, _buffered).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = larger;
        }

        bytes.CopyTo(_buffer.AsSpan(_buffered));
        _buffered += bytes.Length;
    }

    /// <summary>Goes on with <paramref name="bytes"/>, everything since the first byte, from where the last call stopped.</summary>
    private UpgradeParseStatus Scan(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var stop = bytes[_scanned..].IndexOfAny(FieldSyntax.Controls);
            var end = stop < 0 ? bytes.Length : _scanned + stop;
            if (CheckSize(end - _lineStart) is var size and not HeadFault.None)
            {
                return Reject(size, bytes[_lineStart..end]);
            }

            _scanned = end;
            if (end == bytes.Length || (end + 1 == bytes.Length && bytes[end] == '\r'))
            {
                return UpgradeParseStatus.NeedMore;
            }

            if (bytes[end] != '\r' || bytes[end + 1] != '\n')
            {
                var fault = bytes[end] is (byte)'\r' or (byte)'\n' ? HeadFault.BareLineEnd
                    : _fieldsStart == 0 ? HeadFault.BadStartLine
                    : HeadFault.BadFieldLine;
                return Reject(fault, bytes[_lineStart..end]);
            }

            var line = bytes[_lineStart..end];
            _lineStart = _scanned = end + 2;
            if (_fieldsStart == 0)
            {
                if (JudgeStartLine(line) is var mistake and not HeadFault.None)
                {
                    return Reject(mistake);
                }
            }
            else if (line.IsEmpty)
            {
                return UpgradeParseStatus.Complete;
            }
            else
            {
                _fieldCount++;
                var name = line.IndexOfAnyExcept(FieldSyntax.Token);
                if (name <= 0 || line[name] != ':')
                {
                    return Reject(HeadFault.BadFieldLine);
                }
            }
        }
    }

    private readonly HeadFault CheckSize(int lineLength)
    {
        if (_fieldsStart == 0)
        {
            return lineLength > HeadLimits.StartLine ? HeadFault.StartLineTooLong : HeadFault.None;
        }

        // An empty line, or one that has not begun, is no field.
        return lineLength == 0 ? HeadFault.None
            : _fieldCount == HeadLimits.Fields ? HeadFault.TooManyFields
            : _lineStart - _fieldsStart + lineLength + 2 > HeadLimits.FieldBytes ? HeadFault.FieldsTooLarge
            : HeadFault.None;
    }

    private HeadFault JudgeStartLine(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty && TStartLine.MayFollowEmptyLine && _headStart == 0)
        {
            _headStart = _lineStart;
            return HeadFault.None;
        }

        _fieldsStart = _lineStart;
        return TStartLine.Read(line, out _startLine);
    }

    // What there is of a start line may say how it wants to be answered.
    private UpgradeParseStatus Reject(HeadFault fault, ReadOnlySpan<byte> part)
    {
        if (_fieldsStart == 0)
        {
            _ = TStartLine.Read(part, out _startLine);
        }

        return Reject(fault);
    }

    private UpgradeParseStatus Reject(HeadFault fault)
    {
        Fault = fault;
        return UpgradeParseStatus.Rejected;
    }
}
