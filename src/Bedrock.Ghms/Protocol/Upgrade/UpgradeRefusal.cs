namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>An answer other than 101: what <see cref="UpgradeResponseWriter.WriteRefusal"/> writes. Immutable and safe for concurrent use.</summary>
public sealed class UpgradeRefusal
{
    private static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(5);

    private static readonly Dictionary<UpgradeRejection, UpgradeRefusal> Known = Enum.GetValues<UpgradeRejection>()
        .Where(rejection => rejection != UpgradeRejection.None)
        .ToDictionary(
            rejection => rejection,
            rejection => new UpgradeRefusal(UpgradeRejections.StatusOf(rejection), UpgradeRejections.TextOf(rejection)));

    /// <summary>Creates a refusal of the application's own.</summary>
    /// <param name="status">The status code, 400 to 599. A 405 gets <c>Allow</c>, a 426 <c>Upgrade</c>, a 503 a <c>Retry-After</c> of 5 s by default.</param>
    /// <param name="text">The body: one line of ASCII without control characters.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="status"/> is not 400 to 599.</exception>
    /// <exception cref="ArgumentException"><paramref name="text"/> holds a control character or is not ASCII.</exception>
    public UpgradeRefusal(int status, string text)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 400);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        ArgumentNullException.ThrowIfNull(text);
        if (!FieldSyntax.IsSendable(text))
        {
            throw new ArgumentException("The text holds a control character or is not ASCII.", nameof(text));
        }

        Status = status;
        Text = text;
        RetryAfter = status == 503 ? DefaultRetryAfter : null;
    }

    /// <summary>The status code, 400 to 599.</summary>
    public int Status { get; }

    /// <summary>The body, one line.</summary>
    public string Text { get; }

    /// <summary>When to come back, rounded up to whole seconds; <see langword="null"/> to say nothing. By default 5 s with 503, otherwise nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan? RetryAfter
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value ?? TimeSpan.Zero, TimeSpan.Zero);
            field = value;
        }
    }

    /// <summary>Further header fields, such as <c>WWW-Authenticate</c> with 401. By default none.</summary>
    /// <exception cref="ArgumentException">A name is no token or is a field that the writer owns, a value holds a control character or is not
    /// ASCII, or they are more than a client of ours would read.</exception>
    public IReadOnlyList<KeyValuePair<string, string>> Fields
    {
        get;
        init
        {
            ExtraFields.Check(
                value,
                ["Connection", "Upgrade", "Content-Type", "Content-Length", "Transfer-Encoding", "Date", "Allow", "Retry-After"],
                nameof(Fields));
            field = [.. value];
        }
    }
    = [];

    /// <summary>The refusal for a reason: its status and text as in <see cref="UpgradeRejections"/>. Allocates nothing.</summary>
    /// <param name="rejection">Any reason but <see cref="UpgradeRejection.None"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rejection"/> is <see cref="UpgradeRejection.None"/> or undefined.</exception>
    public static UpgradeRefusal For(UpgradeRejection rejection)
        => Known.TryGetValue(rejection, out var refusal) ? refusal : throw new ArgumentOutOfRangeException(nameof(rejection), rejection, "Not a reason to refuse.");

    /// <summary>The refusal for a reason, with a time to come back.</summary>
    /// <param name="rejection">Any reason but <see cref="UpgradeRejection.None"/>.</param>
    /// <param name="retryAfter">When to come back, rounded up to whole seconds.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rejection"/> is <see cref="UpgradeRejection.None"/> or undefined, or
    /// <paramref name="retryAfter"/> is negative.</exception>
    public static UpgradeRefusal For(UpgradeRejection rejection, TimeSpan retryAfter)
        => new(UpgradeRejections.StatusOf(rejection), UpgradeRejections.TextOf(rejection)) { RetryAfter = retryAfter };

    /// <summary>The 406 that lists what the server has. Make it once for each <see cref="MediaTypeTable"/>.</summary>
    /// <param name="available">The server's encodings.</param>
    public static UpgradeRefusal NotAcceptable(MediaTypeTable available)
    {
        ArgumentNullException.ThrowIfNull(available);
        var text = UpgradeRejections.TextOf(UpgradeRejection.NotAcceptable);
        return new(406, $"{text} Available: {string.Join(", ", available.CanonicalNames)}");
    }
}
