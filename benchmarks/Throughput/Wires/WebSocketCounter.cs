using System.Buffers.Binary;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>Takes the frames of a WebSocket off messages that lie across them as their server likes.</summary>
internal sealed class WebSocketCounter(IMessageCounter inner) : IMessageCounter
{
    private const byte OpcodeBits = 0x0F;
    private const byte FirstControl = 8;

    private readonly byte[] _head = new byte[10];
    private int _headSize;
    private long _missing;
    private bool _isData;

    public long Count => inner.Count;

    public void Expect(FrameRing ring) => inner.Expect(ring);

    public void Add(ReadOnlySpan<byte> received)
    {
        while (received.Length > 0)
        {
            if (_missing == 0)
            {
                _head[_headSize++] = received[0];
                received = received[1..];
                if (TryReadHead())
                {
                    _headSize = 0;
                }

                continue;
            }

            int size = (int)Math.Min(_missing, received.Length);
            if (_isData)
            {
                inner.Add(received[..size]);
            }

            received = received[size..];
            _missing -= size;
        }
    }

    private bool TryReadHead()
    {
        int lengthSize = _headSize < 2 ? 0 : _head[1] switch { 126 => 2, 127 => 8, _ => 0 };
        if (_headSize < 2 + lengthSize)
        {
            return false;
        }

        int opcode = _head[0] & OpcodeBits;
        _isData = opcode < FirstControl;
        _missing = lengthSize switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(_head.AsSpan(2)),
            8 => BinaryPrimitives.ReadInt64BigEndian(_head.AsSpan(2)),
            _ => _head[1],
        };
        return opcode != WebSocketFrames.Close
            ? true
            : throw new IOException($"The server has closed the WebSocket after {Count} messages.");
    }
}
