using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Bedrock.Ghms.Testing;

/// <summary>One direction of a connection in memory, which may break at any time.</summary>
/// <remarks>
/// A pipe cannot be completed from outside for that: its memory would go back to a pool while its reader or its writer is at work on it. So
/// both find out when they next wait, or wait already, and complete their ends themselves.
/// </remarks>
internal sealed class BreakablePipe
{
    private readonly Pipe _pipe;
    private Exception? _reason;

    public BreakablePipe(PipeOptions options)
    {
        _pipe = new Pipe(options);
        Reader = new BreakableReader(this);
        Writer = new BreakableWriter(this);
    }

    public PipeReader Reader { get; }

    public PipeWriter Writer { get; }

    private Exception? Reason => Volatile.Read(ref _reason);

    /// <summary>Breaks it: reads fail once what has arrived is read, and nobody takes anything any more. The first reason counts.</summary>
    public void Break(Exception reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is null)
        {
            _pipe.Reader.CancelPendingRead();
            _pipe.Writer.CancelPendingFlush();
        }
    }

    // The source of the one read that may be pending: an idle connection costs no more than it does anywhere.
    private sealed class BreakableReader : PipeReader, IValueTaskSource<ReadResult>
    {
        private readonly BreakablePipe _owner;
        private readonly PipeReader _reader;
        private readonly Action _onRead;
        private ConfiguredValueTaskAwaitable<ReadResult>.ConfiguredValueTaskAwaiter _reading;
        private Action<object?>? _continuation;
        private object? _state;
        private long _left;

        public BreakableReader(BreakablePipe owner)
        {
            _owner = owner;
            _reader = owner._pipe.Reader;
            _onRead = () => _continuation!(_state);
        }

        public override bool TryRead(out ReadResult result) =>
            _owner.Reason is { } reason ? ReadLast(reason, out result) : _reader.TryRead(out result);

        [SuppressMessage("Reliability", "CA2012", Justification = "One read is pending at a time, and GetResult consumes it once.")]
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            if (TryRead(out var result))
            {
                return new ValueTask<ReadResult>(result);
            }

            _reading = _reader.ReadAsync(cancellationToken).ConfigureAwait(false).GetAwaiter();
            return new ValueTask<ReadResult>(this, 0);
        }

        ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) =>
            _reading.IsCompleted ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;

        void IValueTaskSource<ReadResult>.OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        {
            (_continuation, _state) = (continuation, state);
            _reading.UnsafeOnCompleted(_onRead);
        }

        ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
        {
            var result = _reading.GetResult();
            if (_owner.Reason is { } reason)
            {
                _reader.AdvanceTo(result.Buffer.Start);
                ReadLast(reason, out result);
            }

            return result;
        }

        // What has arrived may be read, for as long as that gets on.
        private bool ReadLast(Exception reason, out ReadResult result)
        {
            if (!_reader.TryRead(out result))
            {
                throw reason;
            }

            if (result.Buffer.Length == _left)
            {
                _reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                throw reason;
            }

            _left = result.Buffer.Length;
            result = new ReadResult(result.Buffer, isCanceled: false, isCompleted: false);
            return true;
        }

        public override void AdvanceTo(SequencePosition consumed) => _reader.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _reader.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => _reader.CancelPendingRead();

        public override void Complete(Exception? exception = null) => _reader.Complete(exception);
    }

    private sealed class BreakableWriter(BreakablePipe owner) : PipeWriter
    {
        private static readonly FlushResult NobodyReads = new(isCanceled: false, isCompleted: true);

        private readonly PipeWriter _writer = owner._pipe.Writer;

        public override bool CanGetUnflushedBytes => _writer.CanGetUnflushedBytes;

        public override long UnflushedBytes => _writer.UnflushedBytes;

        public override void Advance(int bytes) => _writer.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => _writer.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => _writer.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            owner.Reason is null ? _writer.FlushAsync(cancellationToken) : new ValueTask<FlushResult>(NobodyReads);

        public override void CancelPendingFlush() => _writer.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => _writer.Complete(exception);
    }
}
