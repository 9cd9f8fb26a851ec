using Bedrock.Ghms.Client.Transport;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>The servers of one client: which to try, and when. Not safe for concurrent use.</summary>
/// <param name="targets">The servers, the preferred one first.</param>
/// <param name="canAskAgain">Whether credentials that were refused can be other ones next time.</param>
/// <param name="options">How to stay connected; <see langword="null"/> to make no second attempt.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Draws numbers from 0 to 1.</param>
internal sealed class ServerList(
    IEnumerable<ConnectTarget> targets, bool canAskAgain, GhmsReconnectOptions? options, TimeProvider time, Func<double> random)
{
    private readonly Candidate[] _servers = [.. targets.Select(target => new Candidate(target, time))];
    private int _failures;
    private bool _hasWorked;

    /// <summary>Whether a second attempt is ever made.</summary>
    public bool MayGoOn => options is not null;

    /// <summary>How long it is until one of them may be tried.</summary>
    public TimeSpan Left => _servers.Min(server => server.Left);

    /// <summary>Forgets every wait, for somebody has asked to connect now.</summary>
    public void Begin()
    {
        _failures = 0;
        Array.ForEach(_servers, server => server.Plan(TimeSpan.Zero));
    }

    /// <summary>Those that may be tried now, in the order in which to do so.</summary>
    public IReadOnlyList<Candidate> Due()
    {
        var due = _servers.Where(server => server.Left <= TimeSpan.Zero);
        return [.. options?.ShuffleEndPoints == true ? due.OrderBy(_ => random()) : due];
    }

    /// <summary>Plans what to do after a round in which no attempt succeeded.</summary>
    /// <returns>Whether to go on.</returns>
    public bool GoOnAfter(IReadOnlyList<FailedAttempt> round)
    {
        if (round.Count == 0)
        {
            return true;
        }

        // What is impossible at one server may work at another, and what has worked once will do so again, whatever a middleware throws meanwhile.
        var mayWork = _hasWorked || round.Count < _servers.Length || round.Any(failed => failed.Cause.Kind != RetryKind.Impossible);
        _failures++;
        var jitter = random();
        var goOn = true;
        foreach (var failed in round)
        {
            var cause = mayWork && failed.Cause.Kind == RetryKind.Impossible ? new RetryCause(RetryKind.Failed) : failed.Cause;
            goOn &= GoOnAfter(failed.Server, failed.Fields, cause, jitter);
        }

        return goOn;
    }

    /// <summary>Plans what to do after the end of a connection.</summary>
    /// <inheritdoc cref="GoOnAfter(IReadOnlyList{FailedAttempt})" path="/returns"/>
    public bool GoOnAfter(ServerConnection ended)
    {
        _hasWorked = true;
        var lasted = time.GetElapsedTime(ended.UpgradedAt);
        _failures = lasted < RetryCause.EarlyEnd ? _failures + 1 : 0;
        return GoOnAfter(ended.Server, ended.Fields, RetryCause.Of(ended.Connection.End!, lasted), random());
    }

    /// <summary>Plans when to ask for other credentials again.</summary>
    public void PutOff(Candidate heldBack)
    {
        var wait = RetryPolicy.BackOff(1 + heldBack.VainAsks, options!, random());
        heldBack.Plan(wait < heldBack.HeldBackFor ? wait : heldBack.HeldBackFor);
    }

    private bool GoOnAfter(Candidate server, IReadOnlyList<KeyValuePair<string, string>> fields, RetryCause cause, double jitter)
    {
        if (options is null || RetryPolicy.Decide(cause, _failures, options, jitter) is not { } plan)
        {
            return false;
        }

        if (cause.Kind == RetryKind.Refused)
        {
            server.Refuse(fields, plan.HoldBack);
        }

        server.Plan(canAskAgain || plan.HoldBack < plan.Wait ? plan.Wait : plan.HoldBack);
        return true;
    }
}
