using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;

namespace Upper;

/// <summary>Prints each message on its way in and on its way out.</summary>
internal sealed class Trace(string name) : GhmsPipe
{
    protected override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
    {
        Console.WriteLine($"{name} Trace handles {message}");
        return next(connection, message, cancellationToken);
    }

    protected override ValueTask<int> SendAsync(object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
    {
        Console.WriteLine($"{name} Trace sends {message}");
        return next(message, recipients, cancellationToken);
    }
}

/// <summary>Turns received words into upper case; prints as <see cref="Trace"/> does.</summary>
internal sealed class Upper(string name) : GhmsPipe
{
    protected override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
    {
        Console.WriteLine($"{name} Upper handles {message}");
        return next(connection, message is Greeting greeting ? new Greeting(greeting.Word.ToUpperInvariant()) : message, cancellationToken);
    }

    protected override ValueTask<int> SendAsync(object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
    {
        Console.WriteLine($"{name} Upper sends {message}");
        return next(message, recipients, cancellationToken);
    }
}
