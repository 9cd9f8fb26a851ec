using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>Takes the DATA frames of one stream off messages that lie across them as their server likes, and minds both windows.</summary>
/// <param name="inner">Counts the messages.</param>
/// <param name="answer">Sends what the server must be told.</param>
internal sealed class Http2Counter(IMessageCounter inner, Action<byte[]> answer) : IMessageCounter
{
    private const int Topped = Http2Frames.Window / 2;

    private readonly byte[] _head = new byte[Http2Frames.HeadSize];
    private readonly List<byte> _control = [];
    private int _headSize;
    private int _missing;
    private long _received;
    private long _connectionWindow = Http2Frames.InitialWindow;
    private long _streamWindow = Http2Frames.InitialWindow;

    /// <summary>Whether the server has said how it wants to be spoken to.</summary>
    public bool HasSettings { get; private set; }

    public long Count => inner.Count;

    private byte Type => _head[3];

    public void Expect(FrameRing ring) => inner.Expect(ring);

    public bool TakesMore(int frames, int bytes)
    {
        // Heads of frames need no window.
        int payload = bytes - (frames * Http2Frames.HeadSize);
        if (payload > Math.Min(_connectionWindow, _streamWindow))
        {
            return false;
        }

        _connectionWindow -= payload;
        _streamWindow -= payload;
        return true;
    }

    public void Add(ReadOnlySpan<byte> received)
    {
        while (received.Length > 0)
        {
            if (_missing == 0)
            {
                int begins = Math.Min(_head.Length - _headSize, received.Length);
                received[..begins].CopyTo(_head.AsSpan(_headSize));
                received = received[begins..];
                _headSize += begins;
                if (_headSize < _head.Length)
                {
                    return;
                }

                _headSize = 0;
                _missing = (int)(BinaryPrimitives.ReadUInt32BigEndian(_head) >> 8);
            }

            int size = Math.Min(_missing, received.Length);
            AddPayload(received[..size]);
            received = received[size..];
            _missing -= size;
            if (_missing == 0)
            {
                EndFrame();
            }
        }
    }

    private void AddPayload(ReadOnlySpan<byte> payload)
    {
        if (Type == Http2Frames.Data)
        {
            inner.Add(payload);
            _received += payload.Length;
        }
        else
        {
            _control.AddRange(payload);
        }
    }

    private void EndFrame()
    {
        ReadOnlySpan<byte> control = CollectionsMarshal.AsSpan(_control);
        byte flags = _head[4];
        switch (Type)
        {
            case Http2Frames.Settings when flags != Http2Frames.Acknowledged:
                ReadSettings(control);
                answer(Http2Frames.SettingsAcknowledged);
                break;
            case Http2Frames.WindowUpdate:
                bool ofStream = _head[^1] == Http2Frames.Stream;
                int more = BinaryPrimitives.ReadInt32BigEndian(control);
                _streamWindow += ofStream ? more : 0;
                _connectionWindow += ofStream ? 0 : more;
                break;
            case Http2Frames.Ping when flags != Http2Frames.Acknowledged:
                answer(Http2Frames.Frame(Http2Frames.Ping, Http2Frames.Acknowledged, 0, control.ToArray()));
                break;
            case Http2Frames.Reset or Http2Frames.GoAway:
            case Http2Frames.Headers or Http2Frames.Data when (flags & Http2Frames.EndStream) != 0:
                throw new IOException($"The server has ended the stream after {Count} messages, with frame type {Type}.");
        }

        _control.Clear();
        if (_received >= Topped)
        {
            answer([.. Http2Frames.Update(0, (int)_received), .. Http2Frames.Update(Http2Frames.Stream, (int)_received)]);
            _received = 0;
        }
    }

    private void ReadSettings(ReadOnlySpan<byte> settings)
    {
        const int Size = 6;
        const ushort InitialWindowSize = 4;
        for (; settings.Length >= Size; settings = settings[Size..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(settings) == InitialWindowSize)
            {
                _streamWindow = BinaryPrimitives.ReadInt32BigEndian(settings[2..]);
            }
        }

        HasSettings = true;
    }
}
