namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The header fields of a head in the order sent, to be used with <c>foreach</c>; it allocates nothing.</summary>
public readonly ref struct UpgradeFields
{
    private readonly ReadOnlySpan<byte> _lines;

    /// <param name="lines">Field lines that were found well formed, each with its CRLF.</param>
    internal UpgradeFields(ReadOnlySpan<byte> lines) => _lines = lines;

    /// <summary>Starts at the first field.</summary>
    public Enumerator GetEnumerator() => new(_lines);

    /// <summary>Walks over the fields.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> lines) => _rest = lines;

        /// <summary>The field reached by <see cref="MoveNext"/>.</summary>
        public UpgradeField Current { get; private set; }

        /// <summary>Goes to the next field; <see langword="false"/> if there is none.</summary>
        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            var end = _rest.IndexOf((byte)'\r');
            var line = _rest[..end];
            var colon = line.IndexOf((byte)':');
            Current = new UpgradeField(line[..colon], line[(colon + 1)..].Trim(FieldSyntax.Space));
            _rest = _rest[(end + 2)..];
            return true;
        }
    }
}
