namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>A status line: <c>HTTP/1.D SP 3DIGIT SP reason</c> (RFC 9112 §4).</summary>
internal struct StatusLine : IStartLine<StatusLine>
{
    /// <summary>Bytes before the reason.</summary>
    public const int ReasonStart = 13;

    public int Status;
    public bool IsHttp11;

    public static bool MayFollowEmptyLine => false;

    public readonly bool IsInterim => Status is >= 100 and < 200 and not 101;

    public static HeadFault Read(ReadOnlySpan<byte> line, out StatusLine startLine)
    {
        startLine = default;
        if (line.Length < ReasonStart
            || !line.StartsWith("HTTP/1."u8)
            || !char.IsAsciiDigit((char)line[7])
            || line[8] != ' '
            || line[12] != ' '
            || !FieldSyntax.TryReadDigits(line[9..12], 3, out var status)
            || status is < 100 or > 599)
        {
            return HeadFault.BadStartLine;
        }

        startLine.Status = (int)status;
        startLine.IsHttp11 = line[7] == '1';
        return HeadFault.None;
    }
}
