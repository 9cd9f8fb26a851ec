namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>How long tests wait before they give up. Far more than is ever needed: the machine may be busy.</summary>
internal static class Patience
{
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(90);
}
