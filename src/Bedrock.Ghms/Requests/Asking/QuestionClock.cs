namespace Bedrock.Ghms.Requests.Asking;

/// <summary>The one timer that all open questions of a pipe share. It runs only while there are any.</summary>
internal sealed class QuestionClock
{
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromSeconds(1);

    private readonly RequestPipe _pipe;
    private readonly TimeSpan _timeout;
    private readonly TimeSpan _period;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private bool _isRunning;

    public QuestionClock(RequestPipe pipe, TimeProvider time, TimeSpan timeout)
    {
        _pipe = pipe;
        _time = time;
        _timeout = timeout;
        var tenth = TimeSpan.FromMilliseconds(Math.Max(1, timeout.TotalMilliseconds / 10));
        _period = tenth < LongestPeriod ? tenth : LongestPeriod;
        _timer = time.CreateTimer(static clock => ((QuestionClock)clock!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Called after a question was added: it is looked after from now on.</summary>
    public void Run()
    {
        if (!Volatile.Read(ref _isRunning) && _timeout != Timeout.InfiniteTimeSpan && !Interlocked.Exchange(ref _isRunning, true))
        {
            _timer.Change(_period, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Whether what began at <paramref name="since"/> is over time.</summary>
    public bool IsLate(long since, long now) => _time.GetElapsedTime(since, now) >= _timeout;

    private void Tick()
    {
        // Before the look, so that a question added meanwhile starts the next round itself.
        Volatile.Write(ref _isRunning, false);
        if (_pipe.GiveUpLate(_time.GetTimestamp()))
        {
            Run();
        }
    }
}
