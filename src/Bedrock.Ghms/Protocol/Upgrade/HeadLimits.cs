namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The largest head, request or response, that is read.</summary>
internal static class HeadLimits
{
    /// <summary>Bytes of the start line without its CRLF.</summary>
    public const int StartLine = 8_192;

    /// <summary>Bytes of all field lines with their CRLFs.</summary>
    public const int FieldBytes = 32_768;

    public const int Fields = 100;
}
