using System.Buffers;

namespace Bedrock.Ghms.Messages;

/// <summary>Writes and reads the messages of one type in one encoding. Safe for concurrent use.</summary>
public abstract class MessageCodec
{
    /// <summary>Writes <paramref name="message"/> to <paramref name="output"/>, synchronously and completely.</summary>
    /// <param name="message">An instance of the type this codec was created for.</param>
    /// <param name="output">Belongs to the caller: it must not be used after this method returns, and it throws
    /// <see cref="GhmsMessageTooLargeException"/> once more is written than the broker may send.</param>
    /// <exception cref="Exception">Whatever the encoding throws reaches the sender; nothing has been sent then.</exception>
    public abstract void Encode(object message, IBufferWriter<byte> output);

    /// <summary>Reads exactly one message that takes up all of <paramref name="payload"/>.</summary>
    /// <param name="payload">Its memory is valid only until this method returns.</param>
    /// <returns>The message; never <see langword="null"/>.</returns>
    /// <exception cref="Exception">Any exception means that the payload cannot be decoded (status 1007).</exception>
    public abstract object Decode(in ReadOnlySequence<byte> payload);

    /// <summary>Reads exactly one message that takes up all of a payload in one piece, as nearly every payload is.</summary>
    /// <param name="payload">Its memory is valid only until this method returns.</param>
    /// <returns>The message; never <see langword="null"/>.</returns>
    /// <exception cref="Exception">Any exception means that the payload cannot be decoded (status 1007).</exception>
    /// <remarks>A codec that has a shorter way for contiguous memory overrides this; the base reads it as a sequence.</remarks>
    public virtual object Decode(ReadOnlyMemory<byte> payload) => Decode(new ReadOnlySequence<byte>(payload));
}
