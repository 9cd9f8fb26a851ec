namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Checks the fields that a caller adds to a head of ours: nothing that our own parsers would refuse, nothing that we write ourselves.</summary>
internal static class ExtraFields
{
    /// <exception cref="ArgumentException">A name is no token or is one of <paramref name="owned"/>, a value holds what cannot be sent, or they are too many or too large.</exception>
    public static void Check(IReadOnlyList<KeyValuePair<string, string>> fields, ReadOnlySpan<string> owned, string paramName)
    {
        // What is left beside our own fields.
        const int MaxFields = HeadLimits.Fields - 10;
        const int MaxBytes = HeadLimits.FieldBytes - 1_024;

        ArgumentNullException.ThrowIfNull(fields, paramName);
        var bytes = 0L;
        foreach (var (name, value) in fields)
        {
            if (!FieldSyntax.IsToken(name))
            {
                throw new ArgumentException("The name of a field is not a token.", paramName);
            }

            foreach (var ours in owned)
            {
                if (name.Equals(ours, StringComparison.OrdinalIgnoreCase))
                {
                    throw new ArgumentException($"{ours} is written by the library.", paramName);
                }
            }

            if (value is null || !FieldSyntax.IsSendable(value))
            {
                throw new ArgumentException($"The value of {name} holds a control character or is not ASCII.", paramName);
            }

            bytes += name.Length + value.Length + 4;
        }

        if (fields.Count > MaxFields || bytes > MaxBytes)
        {
            throw new ArgumentException($"More than {MaxFields} fields, or more than {MaxBytes} bytes of them.", paramName);
        }
    }
}
