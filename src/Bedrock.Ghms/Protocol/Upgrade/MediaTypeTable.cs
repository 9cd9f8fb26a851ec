namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The encodings of a server in its order of preference, and the choice among them by Accept (RFC 9110 §12.5.1).</summary>
/// <remarks>Immutable and safe for concurrent use.</remarks>
public sealed class MediaTypeTable
{
    // A rank is specificity above quality, so that of two ranges the more specific decides, and of two alike the higher quality.
    private const int QualityBits = 10;
    private const int QualityMask = (1 << QualityBits) - 1;

    private readonly List<(string Name, int Encoding, int Canonical)> _names = [];

    /// <summary>Creates the table.</summary>
    /// <param name="encodings">The encodings, the preferred one first; of each its names, the canonical one first: media types in lower case without parameters.</param>
    /// <exception cref="ArgumentException">There is no encoding, one has no name, or a name is malformed or stands twice.</exception>
    public MediaTypeTable(IEnumerable<IReadOnlyList<string>> encodings)
    {
        ArgumentNullException.ThrowIfNull(encodings);
        var encoding = 0;
        foreach (var names in encodings)
        {
            if (names.Count == 0)
            {
                throw new ArgumentException("An encoding needs at least one name.", nameof(encodings));
            }

            var canonical = _names.Count;
            foreach (var name in names)
            {
                if (!FieldSyntax.IsLowerMediaType(name))
                {
                    throw new ArgumentException("A name is not a media type in lower case without parameters.", nameof(encodings));
                }

                if (_names.Exists(other => other.Name == name))
                {
                    throw new ArgumentException($"{name} stands twice.", nameof(encodings));
                }

                _names.Add((name, encoding, canonical));
            }

            encoding++;
        }

        if (encoding == 0)
        {
            throw new ArgumentException("There is no encoding.", nameof(encodings));
        }
    }

    /// <summary>The canonical name of each encoding, in order: what a 406 lists.</summary>
    public IEnumerable<string> CanonicalNames => _names.Where((name, index) => name.Canonical == index).Select(name => name.Name);

    /// <summary>Chooses the encoding for a request, and the name to answer it with. Allocates nothing for up to 64 names.</summary>
    /// <remarks>
    /// For each name the most specific range decides, and among equally specific ones (they differ in parameters, which are ignored)
    /// that with the highest quality. The highest quality wins, then the server's order. Malformed elements are ignored; a list without any element
    /// accepts everything, one with nothing but malformed elements accepts nothing.
    /// </remarks>
    /// <param name="head">The request; all its Accept fields are one list.</param>
    /// <param name="encodingIndex">Which encoding was chosen; -1 if none.</param>
    /// <param name="mediaType">The name that the client's range matched, or the canonical one if that was a wildcard (and the client did not
    /// exclude it, else the name that is left); empty if none was chosen.</param>
    /// <returns><see langword="false"/> if nothing is acceptable (406).</returns>
    public bool TryChoose(in UpgradeRequestHead head, out int encodingIndex, out string mediaType) =>
        TryChoose(head.Fields, out encodingIndex, out mediaType);

    /// <inheritdoc cref="TryChoose(in UpgradeRequestHead, out int, out string)"/>
    internal bool TryChoose(UpgradeFields fields, out int encodingIndex, out string mediaType)
    {
        Span<int> ranks = _names.Count <= 64 ? stackalloc int[_names.Count] : new int[_names.Count];
        ranks.Clear();
        if (!Rank(fields, ranks))
        {
            (mediaType, encodingIndex, _) = _names[0];
            return true;
        }

        var best = -1;
        for (var i = 0; i < ranks.Length; i++)
        {
            if (QualityOf(ranks[i]) > (best < 0 ? 0 : QualityOf(ranks[best])))
            {
                best = i;
            }
        }

        if (best < 0)
        {
            (mediaType, encodingIndex) = (string.Empty, -1);
            return false;
        }

        (mediaType, encodingIndex, var canonical) = _names[best];
        var byWildcard = ranks[best] >> QualityBits < MediaRange.Exact;
        if (byWildcard && QualityOf(ranks[canonical]) > 0)
        {
            mediaType = _names[canonical].Name;
        }

        return true;
    }

    private static int QualityOf(int rank) => rank & QualityMask;

    /// <summary>Ranks each name; <see langword="false"/> if Accept has no element.</summary>
    private bool Rank(UpgradeFields fields, Span<int> ranks)
    {
        var any = false;
        foreach (var field in fields)
        {
            if (!field.Is("Accept"u8))
            {
                continue;
            }

            var list = new ListReader(field.Value);
            while (list.TryRead(out var element))
            {
                any = true;
                if (MediaRange.TryRead(element, out var range))
                {
                    Raise(ranks, range);
                }
            }
        }

        return any;
    }

    private void Raise(Span<int> ranks, MediaRange range)
    {
        for (var i = 0; i < ranks.Length; i++)
        {
            var specificity = range.SpecificityFor(_names[i].Name);
            if (specificity > 0)
            {
                ranks[i] = Math.Max(ranks[i], (specificity << QualityBits) | range.Quality);
            }
        }
    }
}
