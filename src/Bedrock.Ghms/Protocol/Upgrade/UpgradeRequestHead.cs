namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>A view of an upgrade request that is well formed; what it asks for is still to be checked (<see cref="UpgradeRequestRules"/>).</summary>
/// <remarks>Valid until the pipe it was read from is advanced, or its parser is reset or disposed, whichever comes first.</remarks>
public readonly ref struct UpgradeRequestHead
{
    private readonly ReadOnlySpan<byte> _head;
    private readonly RequestLine _line;
    private readonly int _fieldsOffset;

    internal UpgradeRequestHead(ReadOnlySpan<byte> head, RequestLine line, int fieldsOffset)
    {
        _head = head;
        _line = line;
        _fieldsOffset = fieldsOffset;
    }

    /// <summary>The method: a token (RFC 9110 §9.1).</summary>
    public ReadOnlySpan<byte> Method => _head[.._line.MethodLength];

    /// <summary>The whole target in origin-form (RFC 9112 §3.2.1).</summary>
    public ReadOnlySpan<byte> Target => _head.Slice(_line.MethodLength + 1, _line.TargetLength);

    /// <summary>The target before its first <c>?</c>, still percent-encoded; it begins with <c>/</c>.</summary>
    public ReadOnlySpan<byte> Path => Target[.._line.PathLength];

    /// <summary>The target after its first <c>?</c>, still percent-encoded; empty if there is none.</summary>
    public ReadOnlySpan<byte> Query => _line.PathLength == _line.TargetLength ? default : Target[(_line.PathLength + 1)..];

    /// <summary>The version, of the form <c>HTTP/D.D</c>.</summary>
    public ReadOnlySpan<byte> Version => _head.Slice(_line.MethodLength + _line.TargetLength + 2, RequestLine.VersionLength);

    /// <summary>Whether the method is HEAD, the response to which has no body.</summary>
    public bool IsHead => _line.IsHead;

    /// <summary>The header fields in the order sent.</summary>
    public UpgradeFields Fields => new(_head[_fieldsOffset..]);
}
