using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Telemetry;

/// <summary>The instruments of a container's brokers, or of all brokers that have none. Safe for concurrent use.</summary>
/// <remarks>
/// What happens with each message is only read when somebody collects: from counters that connections keep anyway. What is told as it happens is
/// rare, and the one exception, the duration of handlers, is measured only while somebody listens.
/// </remarks>
internal sealed class GhmsMeter
{
    private const string Name = "ghms.broker.name";
    private const string Direction = "network.io.direction";

    private static readonly Lock Making = new();
    private static readonly ConditionalWeakTable<IMeterFactory, GhmsMeter> ByFactory = [];
    private static GhmsMeter? _shared;

    private readonly BrokerTraffic _traffic = new();
    private readonly Counter<long> _upgrades;
    private readonly Counter<long> _closes;
    private readonly Counter<long> _drops;

    private GhmsMeter(Meter meter)
    {
        Meter = meter;
        HandlerDuration = meter.CreateHistogram(
            "ghms.handler.duration",
            "s",
            "How long handlers of messages, requests and publications take.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.00001, 0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30] });
        _upgrades = meter.CreateCounter<long>("ghms.upgrades", "{upgrade}", "Upgrade requests by their outcome.");
        _closes = meter.CreateCounter<long>("ghms.closes", "{connection}", "Connections that have ended, by who ended them and with which status.");
        _drops = meter.CreateCounter<long>("ghms.drops", "{message}", "Messages that reached nobody, by the reason.");
        meter.CreateObservableUpDownCounter("ghms.connections", ObserveConnections, "{connection}", "Open connections.");
        meter.CreateObservableUpDownCounter("ghms.outbound.pending", ObservePending, "By", "What waits to be sent, with a fixed charge for each message.");
        meter.CreateObservableCounter(
            "ghms.messages", () => ObserveTraffic(static traffic => (traffic.SentMessages, traffic.ReceivedMessages)), "{message}", "Messages sent and received.");
        meter.CreateObservableCounter(
            "ghms.io", () => ObserveTraffic(static traffic => (traffic.SentBytes, traffic.ReceivedBytes)), "By", "Bytes sent and received after the upgrade.");
    }

    public Meter Meter { get; }

    public Histogram<double> HandlerDuration { get; }

    /// <summary>The meter of a container with an <see cref="IMeterFactory"/>, else the one of the process.</summary>
    public static GhmsMeter Of(IServiceProvider services)
    {
        var factory = (IMeterFactory?)services.GetService(typeof(IMeterFactory));
        lock (Making)
        {
            return factory is null
                ? _shared ??= new GhmsMeter(new Meter(Ghms.TelemetryName))
                : ByFactory.GetValue(factory, static factory => new GhmsMeter(factory.Create(Ghms.TelemetryName)));
        }
    }

    public void Add(RunningConnections connections) => _traffic.Add(connections);

    /// <summary>Keeps no more of a broker that is done than what it has counted.</summary>
    public void Remove(RunningConnections connections) => _traffic.Remove(connections);

    public void OnUpgrade(GhmsBroker? broker, string outcome, int? status)
    {
        if (!_upgrades.Enabled)
        {
            return;
        }

        var tags = new TagList { { "ghms.upgrade.outcome", outcome } };
        if (broker is not null)
        {
            tags.Add(Name, broker.Name);
        }

        if (status is not null)
        {
            tags.Add("http.response.status_code", status);
        }

        _upgrades.Add(1, tags);
    }

    public void OnClose(GhmsBroker broker, ConnectionEnd end)
    {
        if (_closes.Enabled)
        {
            // A peer may make up a status of its own each time; those share one series.
            object? status = end.Status == CloseStatus.None ? "none" : Enum.IsDefined(end.Status) ? (int)end.Status : "other";
            var cause = end.Cause switch
            {
                ConnectionEndCause.ClosedHere => "closed_here",
                ConnectionEndCause.ClosedByPeer => "closed_by_peer",
                ConnectionEndCause.EndedByPeer => "ended_by_peer",
                _ => "lost",
            };
            _closes.Add(1, new(Name, broker.Name), new("ghms.close.cause", cause), new("ghms.close.status", status));
        }
    }

    public void OnDrop(GhmsBroker broker, string reason, int count)
    {
        if (_drops.Enabled)
        {
            _drops.Add(count, new(Name, broker.Name), new("ghms.drop.reason", reason));
        }
    }

    /// <summary>Runs a handler and measures it, until it is done or has failed.</summary>
    public ValueTask TimeAsync(MessageHandler handler, GhmsConnection connection, object message, CancellationToken cancellationToken)
    {
        var startedAt = connection.Broker.Time.GetTimestamp();
        ValueTask handling;
        try
        {
            handling = handler(connection, message, cancellationToken);
        }
        catch (Exception exception)
        {
            Record(connection.Broker, message, startedAt, exception);
            throw;
        }

        if (!handling.IsCompletedSuccessfully)
        {
            return TimeSlowAsync(handling, connection.Broker, message, startedAt);
        }

        Record(connection.Broker, message, startedAt, failure: null);
        return handling;
    }

    private async ValueTask TimeSlowAsync(ValueTask handling, GhmsBroker broker, object message, long startedAt)
    {
        Exception? failure = null;
        try
        {
            await handling.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            Record(broker, message, startedAt, failure);
        }
    }

    private void Record(GhmsBroker broker, object message, long startedAt, Exception? failure)
    {
        var tags = new TagList { { Name, broker.Name }, { "ghms.message.type", message.GetType().Name } };
        if (failure is not null)
        {
            tags.Add("error.type", failure.GetType().FullName);
        }

        HandlerDuration.Record(broker.Time.GetElapsedTime(startedAt).TotalSeconds, tags);
    }

    private IEnumerable<Measurement<long>> ObserveTraffic(Func<Traffic, (long Sent, long Received)> choose)
    {
        foreach (var (name, traffic) in _traffic.ByName())
        {
            var (sent, received) = choose(traffic);
            yield return new Measurement<long>(sent, new(Name, name), new(Direction, "transmit"));
            yield return new Measurement<long>(received, new(Name, name), new(Direction, "receive"));
        }
    }

    private IEnumerable<Measurement<long>> ObserveConnections() =>
        from connection in _traffic.Connections()
        where connection.IsOpen
        group connection by (connection.Broker.Name, connection.Encoding) into same
        select new Measurement<long>(same.Count(), new(Name, same.Key.Name), new("ghms.encoding", same.Key.Encoding));

    private IEnumerable<Measurement<long>> ObservePending() =>
        from connection in _traffic.Connections()
        group connection.PendingBytes by connection.Broker.Name into same
        select new Measurement<long>(same.Sum(), new KeyValuePair<string, object?>(Name, same.Key));
}
