namespace Bedrock.Ghms.Soak.Load;

/// <summary>The numbers that one task has sent, one after the other, and what it was told about each.</summary>
/// <param name="client">Whose stream it is.</param>
/// <param name="id">Which of that client's.</param>
/// <param name="kind">What is done with the numbers.</param>
internal sealed class NumberStream(int client, int id, StreamKind kind)
{
    public int Client { get; } = client;

    public int Id { get; } = id;

    public StreamKind Kind { get; } = kind;

    /// <summary>How many numbers there were.</summary>
    public long Attempted { get; private set; }

    /// <summary>How many have succeeded: were accepted, or answered.</summary>
    public long Succeeded { get; private set; }

    /// <summary>Those of which it was said that nothing was sent.</summary>
    public HashSet<long> NotSent { get; } = [];

    /// <summary>Requests that failed without an answer, and may have been received.</summary>
    public HashSet<long> Unanswered { get; } = [];

    /// <summary>Sends the next number.</summary>
    /// <returns>Whether it has succeeded.</returns>
    /// <exception cref="Exception">It failed in a way in which nothing may fail.</exception>
    public async Task<bool> SendNextAsync(Func<Numbered, Task> send)
    {
        var number = Attempted++;
        try
        {
            await send(Numbered.Make(Client, Id, number));
            Succeeded++;
            return true;
        }
        catch (GhmsConnectionClosedException)
        {
            NotSent.Add(number);
        }
        catch (GhmsRequestException exception) when (exception.Status == Protocol.Framing.CloseStatus.GoingAway)
        {
            (exception.MayHaveBeenReceived ? Unanswered : NotSent).Add(number);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // A request may have been sent before its time was over; anything else has not been.
            (Kind == StreamKind.Request ? Unanswered : NotSent).Add(number);
        }

        return false;
    }
}
