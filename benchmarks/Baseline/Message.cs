using MessagePack;

namespace Bedrock.Ghms.Baseline;

/// <summary>The one typed message; its formatter needs it public.</summary>
[MessagePackObject]
public sealed class Message
{
    [Key("Word")]
    public string Word { get; set; } = "";
}
