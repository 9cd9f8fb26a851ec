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

    /// <summary>An upgrade request with ten fields, four of them the upgrade's own.</summary>
    public static readonly byte[] Request = Encoding.ASCII.GetBytes("""
        GET /orders/today?page=1 HTTP/1.1
        Host: broker.example.com:5000
        User-Agent: bedrock-ghms/0.1 (linux; x64)
        Accept: application/vnd.msgpack, application/json;q=0.5
        Accept-Language: en-GB,en;q=0.9
        Cache-Control: no-cache
        Connection: Upgrade
        Upgrade: GHMS/0.1
        GHMS-Timeout: 30000
        GHMS-Max-Message-Size: 1000000
        X-Request-Id: 6f1c2a0e-6c7d-4c55-9d0b-2f7f6f1a8f55


        """.ReplaceLineEndings("\r\n"));

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
