namespace Bedrock.Ghms.Requests.Wire;

/// <summary>The message codes of this extension (section 7 of the protocol).</summary>
internal static class RequestCode
{
    public const uint Request = 0xFFFF_FF10;
    public const uint Reply = 0xFFFF_FF11;
    public const uint Fault = 0xFFFF_FF12;
    public const uint Cancel = 0xFFFF_FF13;
    public const uint Item = 0xFFFF_FF14;
    public const uint Credit = 0xFFFF_FF15;
}
