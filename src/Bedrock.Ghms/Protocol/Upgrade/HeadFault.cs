namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>What is wrong with the syntax or size of a head, request or response.</summary>
internal enum HeadFault
{
    None,
    BadStartLine,
    BareLineEnd,
    BadTarget,
    StartLineTooLong,
    BadFieldLine,
    FieldsTooLarge,
    TooManyFields,
}
