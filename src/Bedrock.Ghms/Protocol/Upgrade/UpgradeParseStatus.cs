namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>How far a parser has come.</summary>
public enum UpgradeParseStatus
{
    /// <summary>Everything so far is in order and was consumed; more bytes are needed.</summary>
    NeedMore,

    /// <summary>The head is complete.</summary>
    Complete,

    /// <summary>The head is malformed or too large; what else arrives is of no interest.</summary>
    Rejected,
}
