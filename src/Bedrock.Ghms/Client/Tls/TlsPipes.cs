using System.IO.Pipelines;
using System.Net.Security;

namespace Bedrock.Ghms.Client.Tls;

/// <summary>The plain side of an <see cref="SslStream"/> as a pair of pipes. While nothing is under way they hold no buffer.</summary>
internal sealed class TlsPipes(SslStream stream) : IDuplexPipe, IAsyncDisposable
{
    // What fits into one record: each is encrypted, and sent, on its own.
    private const int RecordSize = 16 * 1_024;

    private static readonly StreamPipeReaderOptions InputOptions = new(bufferSize: RecordSize, leaveOpen: true, useZeroByteReads: true);
    private static readonly StreamPipeWriterOptions OutputOptions = new(minimumBufferSize: RecordSize, leaveOpen: true);

    public PipeReader Input { get; } = PipeReader.Create(stream, InputOptions);

    public PipeWriter Output { get; } = PipeWriter.Create(stream, OutputOptions);

    /// <summary>Sends what is left and says that it was all. Never fails.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Input.CompleteAsync().ConfigureAwait(false);
            await Output.CompleteAsync().ConfigureAwait(false);
            await stream.ShutdownAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The transport is gone. Whoever used the connection has heard of that, or does not care any more.
        }

        await stream.DisposeAsync().ConfigureAwait(false);
    }
}
