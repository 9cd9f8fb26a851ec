using System.Text;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>One header field of a head that was found well formed. Valid as long as that head.</summary>
public readonly ref struct UpgradeField
{
    internal UpgradeField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Name = name;
        Value = value;
    }

    /// <summary>The name as sent: a token (RFC 9110 §5.1).</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The value without the white space around it; it may hold any byte but control characters, HTAB excepted.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Whether this is the field called <paramref name="name"/>, without regard to case.</summary>
    /// <param name="name">An ASCII name, such as <c>"Accept"u8</c>.</param>
    public bool Is(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);
}
