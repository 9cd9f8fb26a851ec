namespace Bedrock.Ghms.Requests;

/// <summary>The settings of requests. They are checked and copied when the broker starts; later changes have no effect.</summary>
public sealed class GhmsRequestOptions
{
    /// <summary>How many requests of one connection may be at work here at a time; one more is answered with a Fault 1013. A cancelled one counts until
    /// its handler is done. Default 1,024.</summary>
    public int MaxOpen { get; set; } = 1_024;

    /// <summary>How long to wait for a reply, and for each item of a stream; at most a tenth or a second later the request is cancelled.
    /// <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> waits for ever. Default 30 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether the peer is told the messages of exceptions that handlers throw. They may hold what is none of its business. Default no.</summary>
    public bool ShowErrors { get; set; }

    internal GhmsRequestOptions Copy() => new() { MaxOpen = MaxOpen, Timeout = Timeout, ShowErrors = ShowErrors };

    /// <exception cref="GhmsInvalidConfigException">A setting breaks a rule.</exception>
    internal void Check()
    {
        List<string> failures = [];
        if (MaxOpen < 1)
        {
            failures.Add($"MaxOpen must be at least 1; it is {MaxOpen}.");
        }

        // A timer takes no more than 49 days.
        if (Timeout != System.Threading.Timeout.InfiniteTimeSpan && (Timeout <= TimeSpan.Zero || Timeout > TimeSpan.FromDays(49)))
        {
            failures.Add($"The time-out of requests must be positive and at most 49 days, or infinite; it is {Timeout}.");
        }

        if (failures.Count > 0)
        {
            throw new GhmsInvalidConfigException(failures);
        }
    }
}
