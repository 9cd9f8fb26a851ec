using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Broker.Timing;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bedrock.Ghms.Broker.Upgrades;

/// <summary>One transport on its way to becoming a connection: reads the request, judges it, and answers.</summary>
/// <remarks>It lives only until the answer; until then a peer costs this object, its entry in the shared timer, and a pooled buffer.</remarks>
internal sealed class UpgradeAttempt(UpgradeEndpoint endpoint, ConnectionContext transport) : ITicked
{
    // How long a refused peer may take to read the refusal and let go.
    private static readonly TimeSpan RefusalTime = TimeSpan.FromSeconds(10);

    private bool _isTimedOut;
    private bool _isRefused;
    private bool _toHead;
    private bool _isMidHead;
    private GhmsBroker? _asked;
    private Activity? _activity;

    /// <returns>The connection, its 101 written and its place taken; or <see langword="null"/> when the transport is done with.</returns>
    public async Task<GhmsConnection?> RunAsync()
    {
        var broker = endpoint.First;
        var deadline = broker.Ticker.Add(this, broker.Options.Upgrade.HeaderTimeout);
        try
        {
            var verdict = await ReadAsync().ConfigureAwait(false);
            broker.Ticker.Remove(deadline);
            var refusal = verdict.Refusal;
            if (verdict.Candidate is { } candidate)
            {
                // What arrives meanwhile stays in the transport. The check's own activities belong to this one.
                Activity.Current = _activity ?? Activity.Current;
                refusal = await candidate.EnterAsync(transport, Shutdown).ConfigureAwait(false);
                if (refusal is null)
                {
                    return Accept(candidate);
                }
            }

            deadline = broker.Ticker.Add(this, RefusalTime);
            if (refusal is not null)
            {
                await RefuseAsync(refusal).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            // The transport failed, or was aborted because the peer did not take its refusal.
            broker.OnUpgradeFailed(transport.ConnectionId, transport.RemoteEndPoint, exception, _asked);
            _activity.Fail(exception);
        }
        finally
        {
            broker.Ticker.Remove(deadline);
        }

        try
        {
            await transport.Transport.Output.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // A writer over a stream, such as TLS, now sends what a failed flush has left in it, and fails again.
        }

        await transport.Transport.Input.CompleteAsync().ConfigureAwait(false);
        return null;
    }

    void ITicked.Tick(long now)
    {
        if (Volatile.Read(ref _isRefused))
        {
            transport.Abort(new ConnectionAbortedException("The peer did not take its refusal in time."));
            return;
        }

        Volatile.Write(ref _isTimedOut, true);
        transport.Transport.Input.CancelPendingRead();
    }

    private CancellationToken Shutdown => transport.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;

    private async ValueTask<Verdict> ReadAsync()
    {
        using var parser = new UpgradeRequestParser();
        var input = transport.Transport.Input;
        var shutdown = Shutdown;
        using var registration = shutdown.UnsafeRegister(static input => ((PipeReader)input!).CancelPendingRead(), input);
        while (true)
        {
            var result = await input.ReadAsync().ConfigureAwait(false);
            var status = parser.Parse(result.Buffer, out var consumed);
            _toHead = parser.IsHeadRequest;
            _isMidHead = status == UpgradeParseStatus.Rejected;
            var verdict = status switch
            {
                UpgradeParseStatus.Complete => Judge(parser.Head),
                UpgradeParseStatus.Rejected => Verdict.Refused(parser.Rejection),
                _ when result.IsCompleted => Unfinished(parser, UpgradeRefusal.For(UpgradeRejection.Truncated)),
                _ when Volatile.Read(ref _isTimedOut) => Unfinished(parser, UpgradeRefusal.For(UpgradeRejection.HeaderTimeout)),

                // Whom the peer was about to ask for is unknown: the first broker speaks for the endpoint, as its limits do.
                _ when shutdown.IsCancellationRequested => Unfinished(parser, endpoint.First.Refuse(UpgradeRejection.ShuttingDown)),
                _ => default,
            };
            input.AdvanceTo(consumed);
            if (verdict.IsReached)
            {
                return verdict;
            }
        }
    }

    // A connection that nobody used is closed without a word.
    private static Verdict Unfinished(UpgradeRequestParser parser, UpgradeRefusal refusal) =>
         parser.AnyByte ? new Verdict { Refusal = refusal } : Verdict.Silence;

    /// <summary>The checks down to the path, in the order of section 1; <see cref="UpgradeCandidate"/> makes the others.</summary>
    private Verdict Judge(in UpgradeRequestHead head)
    {
        _activity = Tracing.StartUpgrade(head.Fields);
        var rejection = UpgradeRequestRules.CheckRequest(head);
        if (rejection != UpgradeRejection.None)
        {
            return Verdict.Refused(rejection);
        }

        var rented = ArrayPool<char>.Shared.Rent(head.Path.Length);
        try
        {
            if (!UpgradePath.TryDecode(head.Path, rented, out var length) || !endpoint.TryFind(rented.AsSpan(0, length), out var broker, out var path))
            {
                return Verdict.Refused(UpgradeRejection.NotFound);
            }

            _asked = broker;
            var query = Encoding.ASCII.GetString(head.Query);
            var refusal = UpgradeCandidate.Judge(broker, head.Fields, path, query, out var candidate);
            return new Verdict { Refusal = refusal, Candidate = candidate };
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }
    }

    private GhmsConnection Accept(UpgradeCandidate candidate)
    {
        var broker = candidate.Broker;
        try
        {
            // It is flushed when the connection runs: a peer that reads its 101 is one of the broker's connections already.
            UpgradeResponseWriter.WriteSwitchingProtocols(
                transport.Transport.Output, candidate.MediaType, broker.Options.Timeout, (uint)broker.Options.MaxMessageSize);
            var connection = candidate.Connect(transport);
            broker.OnUpgraded(connection, _activity);
            return connection;
        }
        catch
        {
            broker.Room.Leave(transport.RemoteEndPoint);
            throw;
        }
    }

    private async ValueTask RefuseAsync(UpgradeRefusal refusal)
    {
        Volatile.Write(ref _isRefused, true);
        endpoint.First.OnUpgradeRefused(transport.ConnectionId, transport.RemoteEndPoint, refusal, _asked);
        _activity.Finish(refusal.Status);
        var output = transport.Transport.Output;
        UpgradeResponseWriter.WriteRefusal(output, refusal, endpoint.First.Time.GetUtcNow(), _toHead);
        await output.FlushAsync().ConfigureAwait(false);
        await InputDrain.RunAsync(transport.Transport.Input, endpoint.First.Ticker, Task.CompletedTask, _isMidHead, InputDrain.RefusedBytes).ConfigureAwait(false);
    }

    private readonly struct Verdict
    {
        public static Verdict Silence => new() { IsSilent = true };

        public UpgradeCandidate? Candidate { get; init; }

        public UpgradeRefusal? Refusal { get; init; }

        public bool IsReached => Candidate is not null || Refusal is not null || IsSilent;

        private bool IsSilent { get; init; }

        public static Verdict Refused(UpgradeRejection rejection) => new() { Refusal = UpgradeRefusal.For(rejection) };
    }
}
