using System.Buffers;
using System.IO.Pipelines;

namespace Bedrock.Ghms.Baseline;

/// <summary>The same bytes go over the wire as in a real upgrade, but nobody looks at the request.</summary>
internal static class Upgrade
{
    private const int MaxRequest = 40_960;

    private static readonly byte[] Response =
    [
        .. "HTTP/1.1 101 Switching Protocols\r\n"u8,
        .. "Connection: Upgrade\r\n"u8,
        .. "Upgrade: GHMS/0.1\r\n"u8,
        .. "Content-Type: application/vnd.msgpack\r\n"u8,
        .. "GHMS-Timeout: 30000\r\n"u8,
        .. "GHMS-Max-Message-Size: 1000000\r\n"u8,
        .. "\r\n"u8,
    ];

    public static async Task<bool> AcceptAsync(IDuplexPipe transport)
    {
        while (true)
        {
            ReadResult received = await transport.Input.ReadAsync();
            if (EndOfHead(received.Buffer) is { } end)
            {
                transport.Input.AdvanceTo(end);
                await transport.Output.WriteAsync(Response);
                return true;
            }

            bool hopeless = received.IsCompleted || received.Buffer.Length > MaxRequest;
            transport.Input.AdvanceTo(received.Buffer.Start, received.Buffer.End);
            if (hopeless)
            {
                return false;
            }
        }
    }

    private static SequencePosition? EndOfHead(ReadOnlySequence<byte> received)
    {
        var reader = new SequenceReader<byte>(received);
        return reader.TryReadTo(out ReadOnlySequence<byte> _, "\r\n\r\n"u8) ? reader.Position : null;
    }
}
