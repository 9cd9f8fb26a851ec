using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Bedrock.Ghms.Client.Telemetry;

/// <summary>The instruments of the clients that share a meter. Safe for concurrent use.</summary>
/// <remarks>It knows clients weakly, so that one which nobody closed is not kept by it, and asks them only when somebody collects.</remarks>
internal sealed class ClientMeter
{
    private const string Name = "ghms.broker.name";

    private static readonly ConditionalWeakTable<Meter, ClientMeter> ByMeter = [];

    private readonly Lock _sync = new();
    private readonly List<WeakReference<GhmsClient>> _clients = [];
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _reconnections;

    private ClientMeter(Meter meter)
    {
        _attempts = meter.CreateCounter<long>("ghms.client.attempts", "{attempt}", "Attempts to connect to one server, by their outcome.");
        _reconnections = meter.CreateCounter<long>("ghms.client.reconnections", "{connection}", "Connections that took the place of one that had ended.");
        meter.CreateObservableUpDownCounter("ghms.clients", ObserveStates, "{client}", "Clients, by what they are doing about their connection.");
        meter.CreateObservableUpDownCounter("ghms.client.sends.waiting", ObserveWaiting, "{send}", "Sends that wait for a connection.");
    }

    /// <summary>The client instruments of <paramref name="meter"/>.</summary>
    public static ClientMeter Of(Meter meter) => ByMeter.GetValue(meter, static meter => new ClientMeter(meter));

    public void Add(GhmsClient client)
    {
        lock (_sync)
        {
            _clients.RemoveAll(each => !each.TryGetTarget(out var known) || known.State == GhmsClientState.Closed);
            _clients.Add(new WeakReference<GhmsClient>(client));
        }
    }

    public void OnConnected(string name, bool isFirst)
    {
        _attempts.Add(1, new(Name, name), new("ghms.attempt.outcome", "connected"));
        if (!isFirst)
        {
            _reconnections.Add(1, new KeyValuePair<string, object?>(Name, name));
        }
    }

    public void OnFailed(string name, Exception failure) => _attempts.Add(
        1,
        new(Name, name),
        new("ghms.attempt.outcome", failure is GhmsUpgradeException { StatusCode: not null } ? "refused" : failure is TimeoutException ? "timed_out" : "failed"),
        new("error.type", failure.GetType().FullName));

    private IEnumerable<Measurement<long>> ObserveStates() =>
        from client in Clients()
        group client by (client.Broker.Name, client.State) into same
        where same.Key.State != GhmsClientState.Closed
        select new Measurement<long>(same.Count(), new(Name, same.Key.Name), new("ghms.client.state", Describe(same.Key.State)));

    private IEnumerable<Measurement<long>> ObserveWaiting() =>
        from client in Clients()
        group client.WaitingSends by client.Broker.Name into same
        select new Measurement<long>(same.Sum(), new KeyValuePair<string, object?>(Name, same.Key));

    private static string Describe(GhmsClientState state) => state switch
    {
        GhmsClientState.Connecting => "connecting",
        GhmsClientState.Connected => "connected",
        GhmsClientState.Waiting => "waiting",
        _ => "disconnected",
    };

    private List<GhmsClient> Clients()
    {
        lock (_sync)
        {
            return [.. _clients.Select(each => each.TryGetTarget(out var client) ? client : null).OfType<GhmsClient>()];
        }
    }
}
