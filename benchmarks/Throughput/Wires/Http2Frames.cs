using System.Buffers.Binary;
using System.Text;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>RFC 9113 as a client with one stream writes it.</summary>
internal static class Http2Frames
{
    public const int HeadSize = 9;
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte EndStream = 1;
    public const byte Acknowledged = 1;
    public const int InitialWindow = 65_535;

    /// <summary>The first stream of a client.</summary>
    public const int Stream = 1;

    /// <summary>How far the server may be ahead of what is received, as far as it goes.</summary>
    public const int Window = int.MaxValue;

    private const byte EndHeaders = 4;

    /// <summary>What a connection begins with: no pushed streams, and windows as large as they can be.</summary>
    public static byte[] Preface { get; } =
    [
        .. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8,
        .. Frame(Settings, 0, 0, [0, 2, 0, 0, 0, 0, 0, 4, .. BigEndian(Window)]),
        .. Update(0, Window - InitialWindow),
    ];

    public static byte[] SettingsAcknowledged { get; } = Frame(Settings, Acknowledged, 0, []);

    public static byte[] Frame(byte type, byte flags, int stream, byte[] payload) =>
        [.. BigEndian(payload.Length)[1..], type, flags, .. BigEndian(stream), .. payload];

    public static byte[] Update(int stream, int size) => Frame(WindowUpdate, 0, stream, BigEndian(size));

    /// <summary>Opens the stream with a gRPC call. No field is compressed beyond what the static table has.</summary>
    public static byte[] Call(string path, string authority)
    {
        const byte Post = 0x83;
        const byte Http = 0x86;
        return Frame(
            Headers,
            EndHeaders,
            Stream,
            [Post, Http, 4, .. Text(path), 1, .. Text(authority), 0x0F, 0x10, .. Text("application/grpc"), 0, .. Text("te"), .. Text("trailers")]);
    }

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
