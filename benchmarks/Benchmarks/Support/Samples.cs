using System.Buffers;
using System.Text;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Benchmarks.Support;

/// <summary>The bytes that benchmarks work on.</summary>
internal static class Samples
{
    /// <summary>As many messages as a batch holds, wherever there is one.</summary>
    public const int Batch = 16;

    public const uint TextCode = 10;
    public const uint BinaryCode = 11;

    /// <summary>100 characters, as in the throughput program.</summary>
    public static readonly string Word = new('.', 100);

    private static readonly string[] Fields =
    [
        "Host: broker.example.com:5000",
        "Connection: Upgrade",
        "Upgrade: GHMS/0.1",
        "Accept: application/vnd.msgpack, application/json;q=0.5",
        "GHMS-Timeout: 30000",
        "GHMS-Max-Message-Size: 1000000",
        "User-Agent: bedrock-ghms/0.1 (linux; x64)",
        "Accept-Language: en-GB,en;q=0.9",
        "Cache-Control: no-cache",
        "X-Request-Id: 6f1c2a0e-6c7d-4c55-9d0b-2f7f6f1a8f55",
        "X-Forwarded-For: 203.0.113.7, 198.51.100.23",
        "Authorization: Bearer dGhlIHRva2VuIG9mIGEgc2VydmljZSB0aGF0IG1heSBjb25uZWN0",
    ];

    /// <summary>An upgrade request.</summary>
    /// <param name="fields">How many header fields it has, from 5, which are the upgrade's own, to 12.</param>
    public static byte[] Request(int fields) =>
        Encoding.ASCII.GetBytes($"GET /orders/today?page=1 HTTP/1.1\r\n{string.Concat(Fields.Take(fields).Select(field => $"{field}\r\n"))}\r\n");

    /// <summary>A batch of equal frames.</summary>
    public static byte[] Frames(uint code, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(code, (uint)payload.Length).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Size));
        return [.. Enumerable.Repeat(frame, Batch).SelectMany(bytes => bytes)];
    }

    /// <summary>What <paramref name="write"/> writes.</summary>
    public static byte[] Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }
}
