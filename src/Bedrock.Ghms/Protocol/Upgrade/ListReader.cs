using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Cuts a field value at commas, or an element at semicolons, but not within quoted strings (RFC 9110 §5.6).</summary>
internal ref struct ListReader
{
    private readonly byte _separator;
    private ReadOnlySpan<byte> _rest;

    public ListReader(ReadOnlySpan<byte> value, byte separator = (byte)',')
    {
        _rest = value;
        _separator = separator;
    }

    /// <summary>Whether a list of tokens holds <paramref name="token"/>, without regard to case.</summary>
    public static bool Contains(ReadOnlySpan<byte> value, ReadOnlySpan<byte> token)
    {
        var list = new ListReader(value);
        while (list.TryRead(out var element))
        {
            if (Ascii.EqualsIgnoreCase(element, token))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads the next element that is not empty, without the white space around it.</summary>
    public bool TryRead(out ReadOnlySpan<byte> element)
    {
        while (!_rest.IsEmpty)
        {
            var end = FindSeparator();
            element = _rest[..end].Trim(FieldSyntax.Space);
            _rest = end == _rest.Length ? default : _rest[(end + 1)..];
            if (!element.IsEmpty)
            {
                return true;
            }
        }

        element = default;
        return false;
    }

    private readonly int FindSeparator()
    {
        for (var position = 0; ; position++)
        {
            var stop = _rest[position..].IndexOfAny(_separator, (byte)'"');
            if (stop < 0)
            {
                return _rest.Length;
            }

            position += stop;
            if (_rest[position] == _separator)
            {
                return position;
            }

            position = FindClosingQuote(position + 1);
            if (position == _rest.Length)
            {
                return position;
            }
        }
    }

    /// <summary>A quote that is never closed takes the rest of the value.</summary>
    private readonly int FindClosingQuote(int position)
    {
        while (position < _rest.Length)
        {
            var stop = _rest[position..].IndexOfAny((byte)'"', (byte)'\\');
            if (stop < 0)
            {
                break;
            }

            position += stop;
            if (_rest[position] == '"')
            {
                return position;
            }

            position += 2;
        }

        return _rest.Length;
    }
}
