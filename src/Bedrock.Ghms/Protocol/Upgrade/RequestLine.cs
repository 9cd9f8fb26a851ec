namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>Where the parts of a request line lie (RFC 9112 §3).</summary>
internal struct RequestLine : IStartLine<RequestLine>
{
    /// <summary>Bytes of <c>HTTP/D.D</c>.</summary>
    public const int VersionLength = 8;

    public int MethodLength;
    public int TargetLength;
    public int PathLength;
    public bool IsHead;

    public static bool MayFollowEmptyLine => true;

    public static HeadFault Read(ReadOnlySpan<byte> line, out RequestLine startLine)
    {
        startLine = default;
        var method = line.StartsWith("GET "u8) ? 3 : line.IndexOfAnyExcept(FieldSyntax.Token);
        if (method <= 0 || line[method] != ' ')
        {
            return HeadFault.BadStartLine;
        }

        startLine.MethodLength = method;
        startLine.IsHead = line[..method].SequenceEqual("HEAD"u8);
        var rest = line[(method + 1)..];
        var target = rest.Length - VersionLength - 1;
        if (target < 0
            || !rest[target..].StartsWith(" HTTP/"u8)
            || rest[^2] != '.'
            || !char.IsAsciiDigit((char)rest[^3])
            || !char.IsAsciiDigit((char)rest[^1]))
        {
            return HeadFault.BadStartLine;
        }

        startLine.TargetLength = target;
        return TargetSyntax.TryRead(rest[..target], out startLine.PathLength) ? HeadFault.None : HeadFault.BadTarget;
    }
}
