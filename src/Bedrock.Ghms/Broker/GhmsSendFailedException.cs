namespace Bedrock.Ghms.Broker;

/// <summary>Thrown by a send to several connections that failed for some of them; the others accepted the message.</summary>
public sealed class GhmsSendFailedException : GhmsException
{
    private const int Named = 5;

    private GhmsSendFailedException(IReadOnlyList<SendFailure> failures, int accepted, string message)
        : base(GhmsError.SendFailed, message, failures[0].Exception)
    {
        Failures = failures;
        Accepted = accepted;
    }

    /// <summary>Each connection that did not accept the message, with its error.</summary>
    public IReadOnlyList<SendFailure> Failures { get; }

    /// <summary>How many connections accepted the message.</summary>
    public int Accepted { get; }

    /// <summary>One error for all: the connection-closed error when nothing else went wrong.</summary>
    internal static GhmsException For(IReadOnlyList<SendFailure> failures, int accepted)
    {
        var names = string.Join(", ", failures.Take(Named).Select(failure => failure.Connection.Id));
        if (failures.Count > Named)
        {
            names += $" and {failures.Count - Named} more";
        }

        return failures.All(failure => failure.Exception is GhmsConnectionClosedException)
            ? new GhmsConnectionClosedException($"Connections have ended: {names}. {accepted} others accepted the message.", failures[0].Exception)
            : new GhmsSendFailedException(
                failures, accepted, $"The message was not accepted for {names}: {failures[0].Exception.Message} {accepted} others accepted it.");
    }
}
