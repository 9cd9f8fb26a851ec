using Bedrock.Ghms.Baseline;
using Grpc.Core;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>One bidirectional stream for each client.</summary>
/// <remarks>
/// A stream takes one write at a time. So announcements take turns; echoes need not, for no load sends both at a time.
/// </remarks>
internal sealed class GrpcExchange(Counter handled, GrpcExchange.Streams streams) : Exchange.ExchangeBase
{
    private static readonly WriteOptions Buffered = new(WriteFlags.BufferHint);

    public override async Task Run(
        IAsyncStreamReader<Parcel> requestStream, IServerStreamWriter<Parcel> responseStream, ServerCallContext context)
    {
        await streams.ChangeAsync(all => all.Add(responseStream));
        try
        {
            Task<bool> next = requestStream.MoveNext();
            while (await next)
            {
                handled.Add(1);
                Parcel parcel = requestStream.Current;

                // Messages that are there already share a flush.
                next = requestStream.MoveNext();
                WriteOptions? options = next.IsCompleted ? Buffered : null;
                switch (parcel.Code)
                {
                    case MessageCode.Echo:
                        responseStream.WriteOptions = options;
                        await responseStream.WriteAsync(parcel);
                        break;
                    case MessageCode.Announcement:
                        await streams.PublishAsync(parcel, options);
                        break;
                }
            }
        }
        catch (IOException)
        {
            // The client is gone without a word.
        }
        finally
        {
            await streams.ChangeAsync(all => all.Remove(responseStream));
        }
    }

    /// <summary>The clients there are.</summary>
    internal sealed class Streams : IDisposable
    {
        private readonly SemaphoreSlim _turn = new(1);
        private readonly List<IServerStreamWriter<Parcel>> _all = [];
        private readonly List<Task> _pending = [];

        public async Task ChangeAsync(Action<List<IServerStreamWriter<Parcel>>> change)
        {
            await _turn.WaitAsync();
            try
            {
                change(_all);
            }
            finally
            {
                _turn.Release();
            }
        }

        public async Task PublishAsync(Parcel parcel, WriteOptions? options)
        {
            await _turn.WaitAsync();
            try
            {
                foreach (IServerStreamWriter<Parcel> each in _all)
                {
                    each.WriteOptions = options;
                    Task written = each.WriteAsync(parcel);
                    if (!written.IsCompletedSuccessfully)
                    {
                        _pending.Add(written);
                    }
                }

                await Task.WhenAll(_pending);
            }
            catch (Exception failure) when (failure is IOException or InvalidOperationException)
            {
                // One of them has gone, as its own call will find.
            }
            finally
            {
                _pending.Clear();
                _turn.Release();
            }
        }

        public void Dispose() => _turn.Dispose();
    }
}
