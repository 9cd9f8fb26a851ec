using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Reads what a server says when it refuses an upgrade.</summary>
public static class UpgradeResponseBody
{
    /// <summary>How much of a body is read, in bytes: 1,024.</summary>
    public const int MaxBytes = 1_024;

    // What chunk sizes and extensions may take beside the data.
    private const int MaxChunkedBytes = 16 * MaxBytes;

    /// <summary>Reads the first <see cref="MaxBytes"/> of the body, which may end by length, in chunks (RFC 9112 §7.1)
    /// or with the connection; where it breaks off or is malformed, what came before is the result.</summary>
    /// <param name="input">Behind the response's blank line.</param>
    /// <param name="response">The response that the body belongs to.</param>
    /// <param name="cancellationToken">Bounds the time, which nothing else does.</param>
    /// <returns>The text, read as UTF-8 with U+FFFD for what is not. It is raw: escape it before you log it.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static async ValueTask<string> ReadAsync(PipeReader input, UpgradeResponse response, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(response);
        if (response.Status is < 200 or 204 or 304)
        {
            return string.Empty;
        }

        var wanted = response.IsChunked ? MaxChunkedBytes : (int)Math.Min(response.ContentLength ?? MaxBytes, MaxBytes);
        var chunks = new ChunkReader();
        var body = new ArrayBufferWriter<byte>(MaxBytes);
        while (wanted > 0 && body.FreeCapacity > 0 && !chunks.IsDone)
        {
            ReadResult read;
            try
            {
                read = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // A server that closes at once may reset the connection; the status is known all the same.
                break;
            }

            var part = read.Buffer.Slice(0, Math.Min(wanted, read.Buffer.Length));
            wanted -= (int)part.Length;
            foreach (var segment in part)
            {
                if (response.IsChunked)
                {
                    chunks.Read(segment.Span, body);
                }
                else
                {
                    body.Write(segment.Span);
                }
            }

            input.AdvanceTo(part.End);
            if (read.IsCompleted || read.IsCanceled)
            {
                break;
            }
        }

        return Encoding.UTF8.GetString(body.WrittenSpan);
    }
}
