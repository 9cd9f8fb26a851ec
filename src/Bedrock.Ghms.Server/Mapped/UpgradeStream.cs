using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Server.Mapped;

/// <summary>The stream of an upgraded request before there is one: whoever reads or writes early waits for the 101.</summary>
/// <remarks>So a connection runs before its 101 is sent, and a peer that reads it is one of the broker's connections already.</remarks>
internal sealed class UpgradeStream : Stream
{
    private readonly TaskCompletionSource<Stream> _upgraded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Sends the 101. A failure is met by those who read and write.</summary>
    public async Task UpgradeAsync(IHttpUpgradeFeature feature)
    {
        try
        {
            _upgraded.SetResult(await feature.UpgradeAsync().ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            _upgraded.SetException(exception);
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _upgraded.Task is { IsCompletedSuccessfully: true } upgraded
            ? upgraded.Result.ReadAsync(buffer, cancellationToken)
            : ReadFirstAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _upgraded.Task is { IsCompletedSuccessfully: true } upgraded
            ? upgraded.Result.WriteAsync(buffer, cancellationToken)
            : WriteFirstAsync(buffer, cancellationToken);

    public override async Task FlushAsync(CancellationToken cancellationToken) =>
        await (await _upgraded.Task.WaitAsync(cancellationToken).ConfigureAwait(false)).FlushAsync(cancellationToken).ConfigureAwait(false);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask<int> ReadFirstAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        await (await _upgraded.Task.WaitAsync(cancellationToken).ConfigureAwait(false)).ReadAsync(buffer, cancellationToken).ConfigureAwait(false);

    private async ValueTask WriteFirstAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        await (await _upgraded.Task.WaitAsync(cancellationToken).ConfigureAwait(false)).WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
}
