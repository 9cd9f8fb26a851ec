using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Broker.Telemetry;

/// <summary>The activities of upgrades, and what they leave behind for those of requests. Nothing is made unless somebody listens.</summary>
internal static class Tracing
{
    public static readonly ActivitySource Source = new(Ghms.TelemetryName);

    // Only connections whose upgrade was traced have an entry; the others hold nothing for it.
    private static readonly ConditionalWeakTable<GhmsConnection, StrongBox<ActivityContext>> Upgrades = [];

    /// <summary>Begins the activity of an upgrade on a server, below the client's if it sent a <c>traceparent</c>.</summary>
    public static Activity? StartUpgrade(UpgradeFields fields)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        string? parent = null;
        string? state = null;
        foreach (var field in fields)
        {
            if (field.Is("traceparent"u8))
            {
                parent = System.Text.Encoding.Latin1.GetString(field.Value);
            }
            else if (field.Is("tracestate"u8))
            {
                state = System.Text.Encoding.Latin1.GetString(field.Value);
            }
        }

        return StartUpgrade(parent, state);
    }

    /// <summary>Begins the activity of an upgrade on a server: below the host's, if it has made one for the request, else below the client's.</summary>
    public static Activity? StartUpgrade(string? traceParent, string? traceState)
    {
        var parent = default(ActivityContext);
        if (Activity.Current is null)
        {
            ActivityContext.TryParse(traceParent, traceState, isRemote: true, out parent);
        }

        return Source.StartActivity("GHMS upgrade", ActivityKind.Server, parent);
    }

    /// <summary>Begins the activity of an upgrade on a client, and has the request carry it, or the current one, to the server.</summary>
    public static Activity? StartUpgrade(ref UpgradeRequest request)
    {
        var activity = Source.StartActivity("GHMS upgrade", ActivityKind.Client);
        var fields = request.Fields;
        if (Activity.Current is { } current && !fields.Any(field => field.Key.Equals("traceparent", StringComparison.OrdinalIgnoreCase)))
        {
            var carrier = fields.ToList();
            DistributedContextPropagator.Current.Inject(
                current, carrier, static (carrier, name, value) => ((List<KeyValuePair<string, string>>)carrier!).Add(new(name, value)));
            request = request.WithFields(carrier);
        }

        return activity;
    }

    /// <summary>Ends the activity of an upgrade that was answered.</summary>
    public static void Finish(this Activity? upgrade, int status, GhmsConnection? connection = null)
    {
        if (upgrade is null)
        {
            return;
        }

        upgrade.SetTag("http.response.status_code", status);
        if (status >= 500)
        {
            upgrade.SetStatus(ActivityStatusCode.Error).SetTag("error.type", status.ToString(CultureInfo.InvariantCulture));
        }

        if (connection is not null)
        {
            upgrade.SetTag("ghms.broker.name", connection.Broker.Name).SetTag("ghms.encoding", connection.Encoding).SetTag("url.path", connection.Path);
            Upgrades.Add(connection, new StrongBox<ActivityContext>(upgrade.Context));
        }

        upgrade.Dispose();
    }

    /// <summary>Ends an activity that has failed.</summary>
    public static void Fail(this Activity? activity, Exception exception)
    {
        activity?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", exception.GetType().FullName);
        activity?.Dispose();
    }

    /// <summary>A link to the upgrade of a connection, if that was traced.</summary>
    public static ActivityLink[] LinkTo(GhmsConnection connection) =>
        Upgrades.TryGetValue(connection, out var upgrade) ? [new ActivityLink(upgrade.Value)] : [];
}
