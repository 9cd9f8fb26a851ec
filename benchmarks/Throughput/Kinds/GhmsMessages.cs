using MessagePack;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>What <see cref="Baseline.Message"/> is to the baseline; a broker has a type of its own for each code.</summary>
[MessagePackObject]
public sealed class OneWayMessage
{
    [Key("Word")]
    public string Word { get; set; } = "";
}

/// <inheritdoc cref="OneWayMessage"/>
[MessagePackObject]
public sealed class AnnouncementMessage
{
    [Key("Word")]
    public string Word { get; set; } = "";
}
