using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Server.Mapped;

/// <summary>The stream of an upgraded request before there is one: whoever reads or writes early waits for the 101.</summary>
/// <remarks>So a connection runs before its 101 is sent, and a peer that reads it is one of the broker's connections already.</remarks>
/// <param name="requestAborted">Fires when the host has lost the peer.</param>
internal sealed class UpgradeStream(CancellationToken requestAborted) : Stream
{
    private readonly TaskCompletionSource<Stream> _upgraded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isAborted;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether the host could not upgrade the request.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Sends the 101. A failure is met by those who read and write.</summary>
    public async Task UpgradeAsync(IHttpUpgradeFeature feature)
    {
        try
        {
            _upgraded.SetResult(await feature.UpgradeAsync().ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            HasFailed = true;
            _upgraded.SetException(exception);
        }
    }

    /// <summary>Makes writes fail from here on.</summary>
    public void Abort() => Volatile.Write(ref _isAborted, true);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _upgraded.Task is { IsCompletedSuccessfully: true } upgraded
            ? upgraded.Result.ReadAsync(buffer, cancellationToken)
            : ReadFirstAsync(buffer, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var stream = await _upgraded.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfAborted();
        await stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        ThrowIfAborted();
    }

    public override async Task FlushAsync(CancellationToken cancellationToken) =>
        await (await _upgraded.Task.WaitAsync(cancellationToken).ConfigureAwait(false)).FlushAsync(cancellationToken).ConfigureAwait(false);

    // Only a writer that is being completed comes here, with what a failed flush has left in it and nobody takes any more.
    public override void Write(ReadOnlySpan<byte> buffer)
    {
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask<int> ReadFirstAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        await (await _upgraded.Task.WaitAsync(cancellationToken).ConfigureAwait(false)).ReadAsync(buffer, cancellationToken).ConfigureAwait(false);

    // Kestrel takes what is written after an abort for written, and throws it away; here it is to be counted as dropped.
    private void ThrowIfAborted()
    {
        if (Volatile.Read(ref _isAborted) || requestAborted.IsCancellationRequested)
        {
            throw new ConnectionAbortedException();
        }
    }
}
