using static Bedrock.Ghms.Protocol.Upgrade.UpgradeRejection;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Picks the <see cref="UpgradeTerms"/> out of the fields of a request or a response.</summary>
internal ref struct TermsReader
{
    private ReadOnlySpan<byte> _timeout;
    private ReadOnlySpan<byte> _size;
    private int _timeouts;
    private int _sizes;

    public void Add(UpgradeField field)
    {
        if (field.Is("GHMS-Timeout"u8))
        {
            _timeout = field.Value;
            _timeouts++;
        }
        else if (field.Is("GHMS-Max-Message-Size"u8))
        {
            _size = field.Value;
            _sizes++;
        }
    }

    public readonly UpgradeRejection Read(out UpgradeTerms terms)
    {
        terms = default;
        if (_timeouts > 0)
        {
            if (_timeouts > 1
                || !FieldSyntax.TryReadDigits(_timeout, 7, out var milliseconds)
                || milliseconds is < UpgradeTerms.MinTimeout or > UpgradeTerms.MaxTimeout)
            {
                return BadTimeout;
            }

            terms = terms with { Timeout = TimeSpan.FromMilliseconds(milliseconds) };
        }

        if (_sizes > 0)
        {
            if (_sizes > 1 || !FieldSyntax.TryReadDigits(_size, 10, out var size) || size is < 1 or > uint.MaxValue)
            {
                return BadMaxMessageSize;
            }

            terms = terms with { MaxMessageSize = (uint)size };
        }

        return None;
    }
}
