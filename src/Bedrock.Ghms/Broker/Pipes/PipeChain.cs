namespace Bedrock.Ghms.Broker.Pipes;

/// <summary>Ties pipes together, so that each gets the rest of the chain as its <c>next</c>.</summary>
internal static class PipeChain
{
    /// <summary>The handler sides of <paramref name="pipes"/>, first to last, and then <paramref name="last"/>.</summary>
    public static MessageHandler Handlers(ReadOnlySpan<GhmsPipe> pipes, MessageHandler last)
    {
        var next = last;
        for (var i = pipes.Length - 1; i >= 0; i--)
        {
            var (pipe, rest) = (pipes[i], next);
            next = (connection, message, cancellationToken) => pipe.HandleAsync(connection, message, rest, cancellationToken);
        }

        return next;
    }

    /// <summary>The sender sides of <paramref name="pipes"/>, last to first, and then <paramref name="last"/>.</summary>
    public static MessageSender Senders(ReadOnlySpan<GhmsPipe> pipes, MessageSender last)
    {
        var next = last;
        foreach (var each in pipes)
        {
            var (pipe, rest) = (each, next);
            next = (message, recipients, cancellationToken) => pipe.SendAsync(message, recipients, rest, cancellationToken);
        }

        return next;
    }
}
