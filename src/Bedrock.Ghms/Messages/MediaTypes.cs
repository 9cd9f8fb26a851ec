using System.Buffers;

namespace Bedrock.Ghms.Messages;

/// <summary>The media types of the encodings that the protocol names.</summary>
public static class MediaTypes
{
    /// <summary>JSON: <c>application/json</c>.</summary>
    public const string Json = "application/json";

    /// <summary>MessagePack: <c>application/vnd.msgpack</c>.</summary>
    public const string MessagePack = "application/vnd.msgpack";

    /// <summary>Messages that write and read their own bytes: <c>application/octet-stream</c>.</summary>
    public const string Binary = "application/octet-stream";

    // RFC 9110 §5.6.2 token characters, upper case left out.
    private static readonly SearchValues<char> LowerToken = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz");

    internal static bool IsValid(ReadOnlySpan<char> mediaType)
    {
        var slash = mediaType.IndexOf('/');
        return slash > 0
            && slash < mediaType.Length - 1
            && !mediaType[..slash].ContainsAnyExcept(LowerToken)
            && !mediaType[(slash + 1)..].ContainsAnyExcept(LowerToken);
    }
}
