using System.Buffers;
using System.Collections.ObjectModel;
using System.IO.Pipelines;
using System.Text;
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

    /// <returns>The connection, its 101 written and its slot reserved; or <see langword="null"/> when the transport is done with.</returns>
    public async Task<GhmsConnection?> RunAsync()
    {
        var broker = endpoint.First;
        var deadline = broker.Ticker.Add(this, broker.Options.Upgrade.HeaderTimeout);
        try
        {
            var verdict = await ReadAsync().ConfigureAwait(false);
            if (verdict.Accepted is { } accepted)
            {
                return Accept(accepted);
            }

            broker.Ticker.Remove(deadline);
            deadline = broker.Ticker.Add(this, RefusalTime);
            if (verdict.Refusal is { } refusal)
            {
                await RefuseAsync(refusal).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            // The transport failed, or was aborted because the peer did not take its refusal.
            broker.LogUpgradeFailed(transport.ConnectionId, exception);
        }
        finally
        {
            broker.Ticker.Remove(deadline);
        }

        await transport.Transport.Output.CompleteAsync().ConfigureAwait(false);
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

    private async ValueTask<Verdict> ReadAsync()
    {
        using var parser = new UpgradeRequestParser();
        var input = transport.Transport.Input;
        var shutdown = transport.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
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
                _ when result.IsCompleted => Unfinished(parser, UpgradeRejection.Truncated),
                _ when Volatile.Read(ref _isTimedOut) => Unfinished(parser, UpgradeRejection.HeaderTimeout),
                _ when shutdown.IsCancellationRequested => Unfinished(parser, UpgradeRejection.ShuttingDown),
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
    private static Verdict Unfinished(UpgradeRequestParser parser, UpgradeRejection rejection) =>
         parser.AnyByte ? Verdict.Refused(rejection) : Verdict.Silence;

    /// <summary>The checks in the order of section 1; the slot is reserved by the last one.</summary>
    private Verdict Judge(in UpgradeRequestHead head)
    {
        var rejection = UpgradeRequestRules.CheckRequest(head);
        if (rejection != UpgradeRejection.None)
        {
            return Verdict.Refused(rejection);
        }

        var rented = ArrayPool<char>.Shared.Rent(head.Path.Length);
        try
        {
            return UpgradePath.TryDecode(head.Path, rented, out var length) && endpoint.TryFind(rented.AsSpan(0, length), out var broker, out var path)
                ? JudgeUpgrade(head, path, broker)
                : Verdict.Refused(UpgradeRejection.NotFound);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
        }
    }

    private static Verdict JudgeUpgrade(in UpgradeRequestHead head, string path, GhmsBroker broker)
    {
        var rejection = UpgradeRequestRules.CheckUpgrade(head, out var terms);
        if (rejection != UpgradeRejection.None)
        {
            return Verdict.Refused(rejection);
        }

        if (!broker.MediaTypes.TryChoose(head, out var encoding, out var mediaType))
        {
            return new Verdict { Refusal = broker.NotAcceptable };
        }

        if (broker.IsClosed)
        {
            return Verdict.Refused(UpgradeRejection.ShuttingDown);
        }

        if (!broker.TryReserveSlot())
        {
            return Verdict.Refused(UpgradeRejection.NoRoom);
        }

        return new Verdict
        {
            Accepted = new AcceptedUpgrade(broker, mediaType, new ConnectionTerms
            {
                Path = path,
                Query = Encoding.ASCII.GetString(head.Query),
                Encoding = encoding,
                PeerTimeout = terms.Timeout,
                PeerMaxMessageSize = terms.MaxMessageSize,
                Headers = KeepHeaders(head, broker.Options.Upgrade.KeptHeaders),
            }),
        };
    }

    private static ReadOnlyDictionary<string, string>? KeepHeaders(in UpgradeRequestHead head, IList<string> names)
    {
        if (names.Count == 0)
        {
            return null;
        }

        var kept = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in head.Fields)
        {
            var name = Encoding.ASCII.GetString(field.Name);
            if (names.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                var value = Encoding.Latin1.GetString(field.Value);

                // Fields of one name are one list (RFC 9110 §5.3).
                kept[name] = kept.TryGetValue(name, out var earlier) ? $"{earlier}, {value}" : value;
            }
        }

        return kept.AsReadOnly();
    }

    private GhmsConnection Accept(AcceptedUpgrade accepted)
    {
        var broker = accepted.Broker;
        try
        {
            // It is flushed when the connection runs: a peer that reads its 101 is one of the broker's connections already.
            UpgradeResponseWriter.WriteSwitchingProtocols(
                transport.Transport.Output, accepted.MediaType, broker.Options.Timeout, (uint)broker.Options.MaxMessageSize);
            return new GhmsConnection(broker, transport, accepted.Terms);
        }
        catch
        {
            broker.ReleaseSlot();
            throw;
        }
    }

    private async ValueTask RefuseAsync(UpgradeRefusal refusal)
    {
        Volatile.Write(ref _isRefused, true);
        endpoint.First.LogUpgradeRefused(transport.ConnectionId, refusal.Status, refusal.Text);
        var output = transport.Transport.Output;
        UpgradeResponseWriter.WriteRefusal(output, refusal, endpoint.First.Time.GetUtcNow(), _toHead);
        await output.FlushAsync().ConfigureAwait(false);
        await InputDrain.RunAsync(transport.Transport.Input, endpoint.First.Ticker, Task.CompletedTask, _isMidHead, InputDrain.RefusedBytes).ConfigureAwait(false);
    }

    private sealed record AcceptedUpgrade(GhmsBroker Broker, string MediaType, ConnectionTerms Terms);

    private readonly struct Verdict
    {
        public static Verdict Silence => new() { IsSilent = true };

        public AcceptedUpgrade? Accepted { get; init; }

        public UpgradeRefusal? Refusal { get; init; }

        public bool IsReached => Accepted is not null || Refusal is not null || IsSilent;

        private bool IsSilent { get; init; }

        public static Verdict Refused(UpgradeRejection rejection) => new() { Refusal = UpgradeRefusal.For(rejection) };
    }
}
