using Bedrock.Ghms.Soak.Load;
using Bedrock.Ghms.Soak.Serving;

namespace Bedrock.Ghms.Soak.Accounting;

/// <summary>Compares what clients were told with what has arrived.</summary>
/// <remarks>
/// What arrives on a connection is the beginning of what it has accepted: in order, without a gap, nothing twice. What is missing is its tail, and only
/// of a connection that has said so by its end. What failed with the word that nothing was sent has not arrived; what was answered has.
/// </remarks>
internal sealed class Audit
{
    private const int MaxViolations = 50;

    private readonly Dictionary<(int Client, int Connection, int Stream), Arrivals> _arrivals = [];
    private readonly Dictionary<(int Client, int Stream), NumberStream> _streams;
    private readonly Dictionary<(int Client, int Stream), long> _answers = [];
    private readonly List<string> _violations = [];

    /// <summary>Makes the comparison.</summary>
    /// <param name="journal">What has arrived at servers, in that order.</param>
    /// <param name="streams">What clients have sent, and were told about it.</param>
    /// <param name="accounts">What their connections have accepted, and how they ended.</param>
    public Audit(IEnumerable<JournalEntry> journal, IEnumerable<NumberStream> streams, IReadOnlyCollection<ConnectionAccount> accounts)
    {
        _streams = streams.ToDictionary(stream => (stream.Client, stream.Id));
        foreach (var entry in journal)
        {
            Add(entry);
        }

        foreach (var account in accounts)
        {
            Check(account);
        }

        foreach (var stream in _streams.Values)
        {
            Check(stream, accounts.Where(account => account.Client == stream.Client));
        }
    }

    /// <summary>What was wrong; the first of it, if it is much.</summary>
    public IReadOnlyList<string> Violations => _violations;

    public Dictionary<StreamKind, Totals> Totals { get; } = Enum.GetValues<StreamKind>().ToDictionary(kind => kind, _ => new Totals());

    /// <summary>How connections ended, and what they took along.</summary>
    public Dictionary<string, Ending> Endings { get; } = [];

    private void Add(JournalEntry entry)
    {
        var source = (entry.Client, entry.Connection, entry.Stream);
        if (!_streams.TryGetValue((entry.Client, entry.Stream), out var stream))
        {
            Report($"{source} is nobody's stream");
            return;
        }

        if (!_arrivals.TryGetValue(source, out var arrivals))
        {
            _arrivals.Add(source, arrivals = new Arrivals());
        }

        if (arrivals.Add(entry) is { } wrong)
        {
            Report($"{source}: {wrong}");
        }

        if (stream.NotSent.Contains(entry.Number))
        {
            Report($"{source}: number {entry.Number} has arrived and was said not to be sent");
        }

        if (stream.Unanswered.Contains(entry.Number))
        {
            Totals[stream.Kind].ArrivedUnanswered++;
        }
        else
        {
            var key = (entry.Client, entry.Stream);
            _answers[key] = _answers.GetValueOrDefault(key) + 1;
        }
    }

    private void Check(ConnectionAccount account)
    {
        var name = $"client {account.Client}, connection {account.Ordinal} ({account.Ending})";
        account.Violations.ForEach(Report);
        if (account.End is null)
        {
            Report($"{name}: has not ended");
        }

        long missing = 0;
        foreach (var stream in _streams.Values.Where(stream => stream.Client == account.Client))
        {
            var accepted = account.AcceptedOf(stream.Id);
            var arrived = ArrivedOn(account, stream);
            var lost = accepted - arrived;
            if (lost < 0)
            {
                Report($"{name}: {arrived} of stream {stream.Id} arrived, and only {accepted} were accepted");
            }
            else if (lost > 0 && !account.IsEndReported)
            {
                Report($"{name}: {lost} of stream {stream.Id} were lost silently");
            }

            missing += lost;
            Totals[stream.Kind].Arrived += arrived;
            Totals[stream.Kind].Lost += lost;
        }

        Endings[account.Ending] = Endings.GetValueOrDefault(account.Ending).And(missing, account.Dropped);

        // The request for its subscription, and one that a token took back, are messages as well.
        if (account.Dropped > missing + 2)
        {
            Report($"{name}: {account.Dropped} are said to be dropped, and only {missing} are missing");
        }
    }

    private void Check(NumberStream stream, IEnumerable<ConnectionAccount> accounts)
    {
        var name = $"client {stream.Client}, stream {stream.Id}";
        var accepted = accounts.Sum(account => account.AcceptedOf(stream.Id));
        var totals = Totals[stream.Kind];
        totals.Attempted += stream.Attempted;
        totals.NotSent += stream.Attempted - accepted;
        if (stream.Attempted != stream.Succeeded + stream.NotSent.Count + stream.Unanswered.Count)
        {
            Report($"{name}: {stream.Attempted} were attempted, and not all have an outcome");
        }

        if (stream.Kind == StreamKind.Request)
        {
            totals.Answered += stream.Succeeded;
            if (_answers.GetValueOrDefault((stream.Client, stream.Id)) is var answers && answers != stream.Succeeded)
            {
                Report($"{name}: {stream.Succeeded} were answered, and {answers} of them have arrived");
            }
        }
        else if (accepted != stream.Succeeded)
        {
            Report($"{name}: {stream.Succeeded} sends succeeded, and {accepted} were accepted");
        }

        CheckOrder(stream, name);
    }

    // A sender waits for each of its messages, so connections have its numbers one after the other.
    private void CheckOrder(NumberStream stream, string name)
    {
        long last = -1;
        foreach (var (source, arrivals) in _arrivals.Where(pair => IsOf(stream, pair.Key)).OrderBy(pair => pair.Key.Connection))
        {
            if (arrivals.First <= last)
            {
                Report($"{name}: number {arrivals.First} arrived on connection {source.Connection}, and {last} on one before it");
            }

            last = arrivals.Last;
        }
    }

    private static bool IsOf(NumberStream stream, (int Client, int Connection, int Stream) source) =>
        source.Client == stream.Client && source.Stream == stream.Id;

    private long ArrivedOn(ConnectionAccount account, NumberStream stream) =>
        stream.Kind == StreamKind.Publication ? account.Returned
        : _arrivals.TryGetValue((account.Client, account.Ordinal, stream.Id), out var arrivals) ? arrivals.Count
        : 0;

    private void Report(string violation)
    {
        if (_violations.Count < MaxViolations)
        {
            _violations.Add(violation);
        }
    }
}
