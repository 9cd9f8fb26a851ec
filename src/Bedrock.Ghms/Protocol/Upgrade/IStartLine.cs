namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The first line of a head: a request line or a status line. A struct, so that the assembler is compiled for each.</summary>
internal interface IStartLine<TSelf>
    where TSelf : struct, IStartLine<TSelf>
{
    /// <summary>Whether one empty line before this line is skipped (RFC 9112 §2.2 says so of requests only).</summary>
    static abstract bool MayFollowEmptyLine { get; }

    /// <summary>Judges a complete line, given without its CRLF and known to hold no control character but HTAB.</summary>
    static abstract HeadFault Read(ReadOnlySpan<byte> line, out TSelf startLine);
}
