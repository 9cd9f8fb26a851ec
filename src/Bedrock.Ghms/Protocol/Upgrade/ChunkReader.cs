using System.Buffers;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Takes the data out of a chunked body (RFC 9112 §7.1), byte by byte as they come: it is for short texts. Trailers are not read.</summary>
internal struct ChunkReader
{
    private enum Part
    {
        Size,
        Extension,
        Data,
        DataEnd,
        Done,
    }

    private Part _part;
    private long _size;
    private int _digits;

    /// <summary>Whether the last chunk was reached, or something that is no chunk.</summary>
    public readonly bool IsDone => _part == Part.Done;

    /// <summary>Reads on, until <paramref name="body"/> has no room left.</summary>
    public void Read(ReadOnlySpan<byte> bytes, ArrayBufferWriter<byte> body)
    {
        while (!bytes.IsEmpty && body.FreeCapacity > 0 && !IsDone)
        {
            if (_part == Part.Data)
            {
                var count = (int)Math.Min(Math.Min(_size, bytes.Length), body.FreeCapacity);
                body.Write(bytes[..count]);
                bytes = bytes[count..];
                _size -= count;
                _part = _size == 0 ? Part.DataEnd : Part.Data;
            }
            else
            {
                _part = Next(bytes[0]);
                bytes = bytes[1..];
            }
        }
    }

    private Part Next(byte b)
    {
        switch (_part)
        {
            case Part.DataEnd when b == '\r':
                return Part.DataEnd;
            case Part.DataEnd when b == '\n':
                _digits = 0;
                return Part.Size;
            case Part.Size when char.IsAsciiHexDigit((char)b) && _digits < 15:
                _size = (_size << 4) | (long)TargetSyntax.HexValue(b);
                _digits++;
                return Part.Size;
            case Part.Size when _digits > 0 && b is (byte)';' or (byte)' ' or (byte)'\t' or (byte)'\r':
                return Part.Extension;
            case Part.Extension when b != '\n':
                return Part.Extension;
            case Part.Extension when _size > 0:
                return Part.Data;
            default:
                return Part.Done;
        }
    }
}
