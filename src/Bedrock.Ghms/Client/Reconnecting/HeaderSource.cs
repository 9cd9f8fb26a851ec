namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>The header fields of upgrade requests: those that are always the same, and those that are asked for on every attempt.</summary>
internal sealed class HeaderSource(
    IReadOnlyList<KeyValuePair<string, string>> constant,
    IReadOnlyList<Func<IDictionary<string, string>, CancellationToken, ValueTask>> providers)
{
    /// <summary>Whether they can be other ones next time.</summary>
    public bool CanChange => providers.Count > 0;

    /// <summary>Asks for the fields; a provider's field takes the place of a constant one of the same name.</summary>
    /// <exception cref="OperationCanceledException">The token fired, whether or not the providers look at it.</exception>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, string>>> GetAsync(CancellationToken cancellationToken)
    {
        if (!CanChange)
        {
            return constant;
        }

        var asking = AskAsync(cancellationToken);
        try
        {
            return await asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!asking.IsCompleted)
        {
            _ = ForgetAsync(asking);
            throw;
        }
    }

    private static async Task ForgetAsync(Task asking) => await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task<IReadOnlyList<KeyValuePair<string, string>>> AskAsync(CancellationToken cancellationToken)
    {
        var fresh = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var provider in providers)
        {
            await provider(fresh, cancellationToken).ConfigureAwait(false);
        }

        return [.. constant.Where(field => !fresh.ContainsKey(field.Key)), .. fresh];
    }
}
