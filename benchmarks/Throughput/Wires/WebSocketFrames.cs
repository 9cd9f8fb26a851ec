using System.Buffers.Binary;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>RFC 6455 as a client writes it: one frame a message, masked.</summary>
internal static class WebSocketFrames
{
    public const byte Final = 0x80;
    public const byte Binary = 2;
    public const byte Close = 8;

    private const byte Masked = 0x80;
    private const int LongLength = 126;

    // Any will do, since no proxy is to be protected from these bytes; zeros might be taken for no mask at all.
    private static readonly byte[] Mask = [0x37, 0xFA, 0x21, 0x3D];

    /// <summary>Ends a WebSocket with status 1000.</summary>
    public static byte[] NormalClose { get; } = FromClient(Close, [0x03, 0xE8]);

    public static byte[] FromClient(byte opcode, byte[] payload) =>
        [.. Head(opcode, payload.Length, Masked), .. Mask, .. payload.Select((each, i) => (byte)(each ^ Mask[i % Mask.Length]))];

    public static byte[] FromServer(byte opcode, byte[] payload) => [.. Head(opcode, payload.Length, 0), .. payload];

    public static void Upgrade(LoadSocket socket, string path) => socket.Upgrade(
        $"GET {path} HTTP/1.1",
        $"Host: {socket.Server}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");

    private static byte[] Head(byte opcode, int length, byte masked)
    {
        if (length < LongLength)
        {
            return [(byte)(Final | opcode), (byte)(masked | length)];
        }

        byte[] head = [(byte)(Final | opcode), (byte)(masked | LongLength), 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(2), checked((ushort)length));
        return head;
    }
}
