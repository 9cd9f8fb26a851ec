using System.Buffers;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol;
using Bedrock.Ghms.Topics.Matching;

namespace Bedrock.Ghms.Topics.Wire;

/// <summary>A message under a topic: as an object, as the bytes it came as, or both; neither clears a retained value. Safe for concurrent use.</summary>
/// <remarks>
/// One that is relayed keeps its bytes and is decoded, once, only for connections of another encoding. The bytes are in memory of
/// their own rather than in a pool's: retained values and slow subscribers hold them for as long as they like.
/// </remarks>
/// <param name="topic">The topic, a valid one.</param>
/// <param name="code">The code of the message; 0 without one.</param>
internal sealed class Publication(string topic, uint code) : IMessageCarrier
{
    private object? _message;

    public string Topic { get; } = topic;

    public uint Code { get; } = code;

    /// <summary>Whether this is the empty one, which clears a retained value.</summary>
    public bool IsClearing => Code == Ghms.CloseCode;

    /// <summary>The message's payload in the encoding of <see cref="Source"/>, if there is one.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>What <see cref="Payload"/> was encoded with.</summary>
    public InnerMessages? Source { get; init; }

    /// <summary>Why there is no message, if it could not be decoded.</summary>
    public GhmsProtocolException? Failure { get; init; }

    /// <summary>The message.</summary>
    /// <exception cref="GhmsProtocolException">It cannot be decoded.</exception>
    public object Message
    {
        get => _message ??= Source!.Decode(Code, new ReadOnlySequence<byte>(Payload!));
        init => _message = value;
    }

    /// <summary>The same bytes, without the object that they may have been decoded to.</summary>
    public Publication AsBytes() => new(Topic, Code) { Payload = Payload, Source = Source };

    object IMessageCarrier.Scope => Topic;

    /// <summary>Whether the bytes are what <paramref name="inner"/> would write.</summary>
    public bool HasBytesFor(InnerMessages inner) => Payload is not null && Source!.EncodingOf(Code) == inner.EncodingOf(Code);

    // Pipes that stand before the topics' see publications, and may well log them.
    public override string ToString() => $"a publication of code {Code} to {PeerText.Escape(Topic, TopicSyntax.MaxSize)}";
}
