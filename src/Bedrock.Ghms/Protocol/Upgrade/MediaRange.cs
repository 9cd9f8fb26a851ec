using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>One element of Accept: a media range and its weight (RFC 9110 §12.5.1 and §12.4.2).</summary>
internal readonly ref struct MediaRange
{
    public const int MaxQuality = 1_000;

    /// <summary>The specificity of a range without wildcard.</summary>
    public const int Exact = 3;

    private readonly ReadOnlySpan<byte> _type;
    private readonly ReadOnlySpan<byte> _subtype;

    private MediaRange(ReadOnlySpan<byte> type, ReadOnlySpan<byte> subtype, int quality)
    {
        _type = type;
        _subtype = subtype;
        Quality = quality;
    }

    /// <summary>The weight in thousandths.</summary>
    public int Quality { get; }

    /// <summary>Parameters other than q are ignored; a q that is malformed or repeated makes the whole element malformed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> element, out MediaRange range)
    {
        range = default;
        var parts = new ListReader(element, (byte)';');
        if (element is [(byte)';', ..] || !parts.TryRead(out var name))
        {
            return false;
        }

        var slash = name.IndexOf((byte)'/');
        if (slash < 0 || !FieldSyntax.IsToken(name[..slash]) || !FieldSyntax.IsToken(name[(slash + 1)..]))
        {
            return false;
        }

        var quality = -1;
        while (parts.TryRead(out var parameter))
        {
            if (IsWeight(parameter) && (quality >= 0 || !TryReadQuality(parameter, out quality)))
            {
                return false;
            }
        }

        range = new MediaRange(name[..slash], name[(slash + 1)..], quality < 0 ? MaxQuality : quality);
        return !IsAny(range._type) || IsAny(range._subtype);
    }

    /// <summary>How closely this range fits a lower-case media type: <see cref="Exact"/> for the type itself, 2 for <c>type/*</c>, 1 for <c>*/*</c>, 0 for not at all.</summary>
    public int SpecificityFor(ReadOnlySpan<char> mediaType)
    {
        if (IsAny(_type))
        {
            return 1;
        }

        var slash = mediaType.IndexOf('/');
        return !Ascii.EqualsIgnoreCase(_type, mediaType[..slash]) ? 0
            : IsAny(_subtype) ? 2
            : Ascii.EqualsIgnoreCase(_subtype, mediaType[(slash + 1)..]) ? Exact
            : 0;
    }

    private static bool IsAny(ReadOnlySpan<byte> token) => token is [(byte)'*'];

    private static bool IsWeight(ReadOnlySpan<byte> parameter)
    {
        var equals = parameter.IndexOf((byte)'=');
        var name = equals < 0 ? parameter : parameter[..equals];
        return name.TrimEnd(FieldSyntax.Space) is [(byte)'q' or (byte)'Q'];
    }

    private static bool TryReadQuality(ReadOnlySpan<byte> parameter, out int quality)
    {
        quality = 0;
        if (parameter is not [_, (byte)'=', (byte)'0' or (byte)'1', ..])
        {
            return false;
        }

        var fraction = parameter[3..];
        if (fraction.Length > 4 || (!fraction.IsEmpty && fraction[0] != '.'))
        {
            return false;
        }

        quality = (parameter[2] - '0') * MaxQuality;
        for (int i = 1, weight = 100; i < fraction.Length; i++, weight /= 10)
        {
            if (!char.IsAsciiDigit((char)fraction[i]))
            {
                return false;
            }

            quality += (fraction[i] - '0') * weight;
        }

        return quality <= MaxQuality;
    }
}
