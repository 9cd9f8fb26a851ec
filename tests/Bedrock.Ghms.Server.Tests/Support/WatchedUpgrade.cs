using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Upgrades as another feature does, and looks at how the stream is read.</summary>
internal sealed class WatchedUpgrade : IHttpUpgradeFeature
{
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IHttpUpgradeFeature? Inner { get; set; }

    /// <summary>Completes when bytes have been read, and then none are there to read and no memory is held for them.</summary>
    public Task Idle => _idle.Task;

    bool IHttpUpgradeFeature.IsUpgradableRequest => Inner!.IsUpgradableRequest;

    async Task<Stream> IHttpUpgradeFeature.UpgradeAsync() => new Watched(this, await Inner!.UpgradeAsync());

    private sealed class Watched(WatchedUpgrade upgrade, Stream inner) : Stream
    {
        private bool _hasRead;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var reading = inner.ReadAsync(buffer, cancellationToken);
            if (_hasRead && buffer.IsEmpty && !reading.IsCompleted)
            {
                upgrade._idle.TrySetResult();
            }

            var count = await reading;
            _hasRead |= count > 0;
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
