using System.Diagnostics;
using System.Net;
using Bedrock.Ghms.Broker.Telemetry;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Broker;

public sealed partial class GhmsBroker
{
    internal bool HasAdmission => _admission.Length > 0;

    /// <summary>A refusal for a time, which tells when to come back.</summary>
    internal UpgradeRefusal Refuse(UpgradeRejection rejection) =>
        Options.RetryAfter is { } time ? UpgradeRefusal.For(rejection, time) : UpgradeRefusal.For(rejection);

    /// <summary>Asks the host's own checks about a request, for as long as they may take. Never fails.</summary>
    /// <param name="request">The request.</param>
    /// <param name="stopping">Fires when the server stops.</param>
    internal async ValueTask<UpgradeRefusal?> AdmitAsync(AdmissionContext request, CancellationToken stopping)
    {
        using var deadline = new CancellationTokenSource(Options.Upgrade.AdmissionTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping);
        var checking = CheckAsync(request, either.Token);
        try
        {
            // A check that does not look at its token goes on alone.
            return await checking.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            if (stopping.IsCancellationRequested)
            {
                return Refuse(UpgradeRejection.ShuttingDown);
            }

            LogAdmissionTimeout(request);
            return Refuse(UpgradeRejection.AdmissionTimeout);
        }
    }

    internal void OnUpgraded(GhmsConnection connection, Activity? activity)
    {
        Meter.OnUpgrade(this, "accepted", 101);
        activity.Finish(101, connection);
    }

    internal void OnUpgradeRefused(string connectionId, EndPoint? remote, UpgradeRefusal refusal, GhmsBroker? asked)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Debug, connectionId, asked, remote);
        LogUpgradeRefused(connectionId, refusal.Status, refusal.Text);
        Meter.OnUpgrade(asked, "refused", refusal.Status);
    }

    internal void OnUpgradeFailed(string connectionId, EndPoint? remote, Exception exception, GhmsBroker? asked)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Debug, connectionId, asked, remote);
        LogUpgradeFailed(connectionId, exception);
        Meter.OnUpgrade(broker: null, "failed", status: null);
    }

    internal void OnTooManyUpgrades(string connectionId, EndPoint? remote, GhmsBroker? asked)
    {
        using var scope = ConnectionScope.Begin(_logger, LogLevel.Warning, connectionId, asked, remote);
        LogTooManyUpgrades(connectionId);
        Meter.OnUpgrade(broker: null, "ignored", status: null);
    }

    private async Task<UpgradeRefusal?> CheckAsync(AdmissionContext request, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var check in _admission)
            {
                if (await check(request, cancellationToken).ConfigureAwait(false) is { } refusal)
                {
                    return refusal;
                }
            }

            return null;
        }
        catch (Exception exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LogAdmissionFailed(request, exception);
            return UpgradeRefusal.For(UpgradeRejection.AdmissionFailed);
        }
    }
}
