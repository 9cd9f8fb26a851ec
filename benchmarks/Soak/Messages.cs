namespace Bedrock.Ghms.Soak;

/// <summary>One message of a stream. What stands in it is enough to account for it, wherever it arrives.</summary>
/// <param name="Client">Who sent it.</param>
/// <param name="Connection">On which of that client's connections, in their order.</param>
/// <param name="Stream">In which of that client's streams.</param>
/// <param name="Position">How many of this stream that connection had accepted before it.</param>
/// <param name="Number">How many of this stream there were before it, on all connections and on none.</param>
/// <param name="Filling">Bytes that all follow from the number.</param>
public sealed record Numbered(int Client, int Connection, int Stream, long Position, long Number, byte[] Filling)
{
    /// <summary>The stream whose requests are answered late, so that one is always open when something goes wrong.</summary>
    public const int SlowStream = 3;

    /// <summary>A message that no connection has accepted yet.</summary>
    public static Numbered Make(int client, int stream, long number)
    {
        // Mostly small ones; some take several segments.
        var filling = new byte[number % 97 == 96 ? 20_000 : number * 7_919 % 701];
        filling.AsSpan().Fill((byte)number);
        return new Numbered(client, -1, stream, -1, number, filling);
    }

    /// <summary>Whether the bytes are those that were sent.</summary>
    public bool IsWhole() => !Filling.AsSpan().ContainsAnyExcept((byte)Number);
}

/// <summary>What a request with a <see cref="Numbered"/> is answered with.</summary>
/// <param name="Number">Its number.</param>
public sealed record Receipt(long Number);
