using System.Buffers;
using Bedrock.Framework.Protocols;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.BedrockFramework;

/// <summary>Writes frames with Bedrock's <see cref="ProtocolWriter"/>: it is a <see cref="FrameWriter"/> behind Bedrock's interface.</summary>
/// <remarks>Safe for concurrent use on different outputs.</remarks>
/// <param name="maxMessageSize">The largest payload written, in bytes: what the peer accepts; 1,000,000 by default.</param>
public sealed class FrameMessageWriter(uint maxMessageSize = Ghms.MaxMessageSize) : IMessageWriter<Frame>
{
    private readonly FrameWriter _frames = new(maxMessageSize);

    /// <inheritdoc cref="FrameWriter.WriteMessage"/>
    public void WriteMessage(Frame message, IBufferWriter<byte> output) => _frames.WriteMessage(message, output);
}
