using System.Globalization;

namespace EchoServer;

/// <summary>What requests are answered with.</summary>
internal static class Answers
{
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(5);

    public static Message Upper(Message message) => new() { Word = message.Word.ToUpperInvariant() };

    /// <summary>Answers with the same message after a while, unless the request is cancelled.</summary>
    public static async ValueTask<Blob> LaterAsync(Blob blob, CancellationToken cancellationToken)
    {
        await Task.Delay(Later, cancellationToken);
        return blob;
    }

    /// <summary>Counts for as long as somebody listens: each number is made when there is room for it.</summary>
    public static IAsyncEnumerable<Message> Numbers(Count count) => AsyncEnumerable
        .Range(1, Math.Max(0, count.To))
        .Select(number => new Message { Word = number.ToString(CultureInfo.InvariantCulture) });
}
