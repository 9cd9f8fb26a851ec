using System.Buffers;
using System.Diagnostics;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Broker.Timing;
using Bedrock.Ghms.Broker.Upgrades;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Bedrock.Ghms.Server.Mapped;

/// <summary>Upgrades requests that the host has parsed and routed, for one broker.</summary>
/// <param name="broker">The broker.</param>
/// <param name="stopping">Fires when the host begins to stop, well before Kestrel ends what is still open.</param>
internal sealed class MappedEndpoint(GhmsBroker broker, CancellationToken stopping)
{
    private int _pending;

    public async Task RunAsync(HttpContext context)
    {
        var fields = context.Request.Headers;
        var activity = Tracing.StartUpgrade(fields.TraceParent, fields.TraceState);
        var refusal = Judge(context, out var candidate);
        if (candidate is not null)
        {
            if (Interlocked.Increment(ref _pending) > broker.Options.Upgrade.MaxPending)
            {
                Interlocked.Decrement(ref _pending);
                broker.OnTooManyUpgrades(context.Connection.Id, MappedConnection.RemoteOf(context), broker);
                activity?.Dispose();
                context.Abort();
                return;
            }

            candidate.User = context.User;
            var transport = new MappedConnection(context);
            refusal = await EnterAsync(candidate, transport).ConfigureAwait(false);
            if (refusal is null)
            {
                await RunAsync(context, candidate, transport, activity).ConfigureAwait(false);
                if (!transport.Stream.HasFailed || context.Response.HasStarted)
                {
                    return;
                }

                // The host has a limit of its own for upgrades.
                context.Response.Clear();
                refusal = broker.Refuse(UpgradeRejection.NoRoom);
            }
        }

        broker.OnUpgradeRefused(context.Connection.Id, MappedConnection.RemoteOf(context), refusal!, broker);
        activity.Finish(refusal!.Status);
        await MappedResponse.RefuseAsync(context.Response, refusal).ConfigureAwait(false);
    }

    private UpgradeRefusal? Judge(HttpContext context, out UpgradeCandidate? candidate)
    {
        candidate = null;
        var request = context.Request;
        if (!HttpProtocol.IsHttp11(request.Protocol) || context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
        {
            return UpgradeRefusal.For(UpgradeRejection.UpgradeRequired);
        }

        var lines = new ArrayBufferWriter<byte>(1_024);
        if (!FieldLines.TryWrite(request.Headers, lines))
        {
            return UpgradeRefusal.For(UpgradeRejection.BadFieldLine);
        }

        var query = request.QueryString.Value ?? "";
        return UpgradeCandidate.Judge(
            broker, new UpgradeFields(lines.WrittenSpan), request.PathBase.Value + request.Path.Value, query.Length == 0 ? query : query[1..], out candidate);
    }

    private async ValueTask<UpgradeRefusal?> EnterAsync(UpgradeCandidate candidate, MappedConnection transport)
    {
        try
        {
            return await candidate.EnterAsync(transport, stopping).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    private async Task RunAsync(HttpContext context, UpgradeCandidate candidate, MappedConnection transport, Activity? activity)
    {
        try
        {
            // What handlers do is no part of a request that lasts as long as the connection.
            Activity.Current = null;
            LiftLimits(context.Features);
            MappedResponse.Accept(context.Response, candidate);
            var connection = candidate.Connect(transport);
            broker.TakeIn(connection);
            var running = connection.RunAsync(ownsTransport: false);
            using (stopping.UnsafeRegister(static connection => _ = ((GhmsConnection)connection!).GoAwayAsync(), connection))
            {
                await transport.Stream.UpgradeAsync(context.Features.GetRequiredFeature<IHttpUpgradeFeature>()).ConfigureAwait(false);
                if (!transport.Stream.HasFailed)
                {
                    broker.OnUpgraded(connection, activity);
                }

                await running.ConfigureAwait(false);
            }
        }
        finally
        {
            // The host sends what its buffers hold when this request is over, without a deadline, and only then lets go of the transport.
            SocketDeadline.Set(transport, broker, GhmsConnection.EndTime);
            broker.Room.LeaveWhen(transport.RemoteEndPoint, context.Features.Get<IConnectionLifetimeFeature>()?.ConnectionClosed ?? default);
        }
    }

    // The broker has clocks of its own, and tells a peer why it is disconnected.
    private static void LiftLimits(IFeatureCollection features)
    {
        features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        if (features.Get<IHttpMinRequestBodyDataRateFeature>() is { } request)
        {
            request.MinDataRate = null;
        }

        if (features.Get<IHttpMinResponseDataRateFeature>() is { } response)
        {
            response.MinDataRate = null;
        }
    }
}
