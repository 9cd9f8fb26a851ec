using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

[MessagePackObject]
public sealed class Indexed
{
    [Key(0)]
    public required string Word { get; set; }

    [Key(1)]
    public string? Text { get; set; }
}

[MessagePackObject]
public sealed class Keyed
{
    [Key("w")]
    public string? Word { get; set; }
}

[MessagePackObject]
public struct Point
{
    [Key(0)]
    public int X { get; set; }
}

/// <summary>Members that the type requires and that null is allowed for, or cannot be seen in.</summary>
public sealed class Tolerant
{
    public required string? Text { get; set; }

    public required int Number { get; set; }
}

public sealed record Envelope<T>(T Body);

[Union(0, typeof(Circle))]
public interface IShape;

[MessagePackObject]
public sealed class Circle : IShape
{
    [Key(0)]
    public required string Name { get; set; }
}

public sealed class Typeless
{
    [MessagePackFormatter(typeof(TypelessFormatter))]
    public object? Anything { get; set; }
}

public abstract class Unbuildable;

internal sealed class Hidden
{
    public string? Text { get; set; }
}
