using System.Buffers;
using Bedrock.Framework.Protocols;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.BedrockFramework;

/// <summary>Reads frames with Bedrock's <see cref="ProtocolReader"/>: it is a <see cref="FrameReader"/> behind Bedrock's interface.</summary>
/// <remarks>One for each connection, for it remembers what has begun. Not safe for concurrent use.</remarks>
/// <param name="frames">Cuts the stream and judges each frame.</param>
public sealed class FrameMessageReader(FrameReader frames) : IMessageReader<Frame>
{
    /// <summary>Creates a reader that takes every message code.</summary>
    /// <param name="maxMessageSize">The largest payload accepted, in bytes; 1,000,000 by default.</param>
    public FrameMessageReader(uint maxMessageSize = Ghms.MaxMessageSize)
        : this(new FrameReader(maxMessageSize))
    {
    }

    /// <summary>Whether a frame has begun whose end has not arrived.</summary>
    /// <remarks>A <see cref="ProtocolReader"/> does not tell an end of input inside a frame from one between two: when it says that the input is completed,
    /// ask here.</remarks>
    public bool IsInsideFrame => frames.IsInsideFrame;

    /// <inheritdoc cref="FrameReader.TryParseMessage"/>
    public bool TryParseMessage(
        in ReadOnlySequence<byte> input, ref SequencePosition consumed, ref SequencePosition examined, out Frame message) =>
        frames.TryParseMessage(input, ref consumed, ref examined, out message);
}
