using System.Buffers.Binary;
using System.Globalization;
using MessagePack;

namespace Bedrock.Ghms.Baseline.Tests;

internal static class Frames
{
    public static byte[] Encode(uint code, string word) =>
        Raw(code, MessagePackSerializer.Serialize(new Dictionary<string, string> { ["Word"] = word }));

    public static byte[] Raw(uint code, byte[] payload)
    {
        byte[] frame = new byte[Frame.HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, code);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), payload.Length);
        payload.CopyTo(frame, Frame.HeaderSize);
        return frame;
    }

    /// <summary>Many different messages of different sizes, one after the other.</summary>
    public static byte[] Many(uint code, int count) =>
    [
        .. Enumerable.Range(0, count)
            .SelectMany(i => Encode(code, i.ToString(CultureInfo.InvariantCulture).PadLeft(1 + (i % 150), 'ä'))),
    ];
}
