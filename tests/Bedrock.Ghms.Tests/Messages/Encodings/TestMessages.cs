using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Tests.Messages.Encodings;

public sealed record Message
{
    public required string Word { get; set; }
}

public sealed class Fixed
{
    public required string Word { get; init; }
}

public sealed class Note
{
    public string? Text { get; set; }
}

public sealed class Blob
{
    public required byte[] Data { get; set; }
}

public sealed record Greeting(string Text, string Language = "en", string? Author = null);

/// <summary>Nothing is required; what is absent keeps its default.</summary>
public sealed class Loose
{
    public string? Text { get; set; }

    public string NotNull { get; set; } = "default";

    public int Number { get; set; }

    public object? Any { get; set; }

    public List<string>? Items { get; set; }

    public string[]? Array { get; set; }

    public Dictionary<string, string>? Map { get; set; }
}

public sealed class Tree
{
    public Tree? Child { get; set; }
}

public sealed class Labels
{
    public Dictionary<string, int>? Counts { get; set; }

    public object? Any { get; set; }
}

public sealed class Outer
{
    public Message? One { get; set; }

    public List<Message>? Many { get; set; }
}

/// <summary>Writes a big-endian number, and nothing else.</summary>
public sealed class Number : IBinaryMessage
{
    public int Value { get; set; }

    public void Write(IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(4), Value);
        output.Advance(4);
    }

    public void Read(ReadOnlySequence<byte> payload)
    {
        var reader = new SequenceReader<byte>(payload);
        if (!reader.TryReadBigEndian(out int value) || !reader.End)
        {
            throw new FormatException("A number has four bytes.");
        }

        Value = value;
    }
}

[JsonSerializable(typeof(Message))]
[JsonSerializable(typeof(Note))]
[JsonSerializable(typeof(Fixed))]
[JsonSerializable(typeof(Blob))]
[JsonSerializable(typeof(Greeting))]
[JsonSerializable(typeof(Loose))]
[JsonSerializable(typeof(Tree))]
[JsonSerializable(typeof(Outer))]
[JsonSerializable(typeof(string))]
internal sealed partial class PlainContext : JsonSerializerContext;

/// <summary>Every option that would change the rules on the wire, changed.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    AllowTrailingCommas = true,
    MaxDepth = 1000,
    ReadCommentHandling = JsonCommentHandling.Skip,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(Message))]
[JsonSerializable(typeof(Note))]
[JsonSerializable(typeof(Fixed))]
[JsonSerializable(typeof(Blob))]
[JsonSerializable(typeof(Greeting))]
[JsonSerializable(typeof(Loose))]
[JsonSerializable(typeof(Tree))]
[JsonSerializable(typeof(Outer))]
[JsonSerializable(typeof(string))]
internal sealed partial class LenientContext : JsonSerializerContext;
