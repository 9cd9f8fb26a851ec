using System.Buffers;

namespace Bedrock.Ghms.Messages;

/// <summary>
/// Writes and reads the messages of an extension that carry another registered message, as a request does: the same bytes
/// around it in every encoding, and the carried message in the connection's own. Must be safe for concurrent use.
/// </summary>
/// <typeparam name="T">The envelope's type.</typeparam>
public abstract class EnvelopeCodec<T>
    where T : notnull
{
    /// <summary>Writes the whole payload of <paramref name="envelope"/>, synchronously.</summary>
    /// <param name="envelope">The envelope.</param>
    /// <param name="inner">Writes the message that it carries.</param>
    /// <param name="output">Belongs to the caller: it must not be used after this method returns.</param>
    /// <exception cref="Exception">Whatever is thrown reaches the sender; nothing has been sent then.</exception>
    public abstract void Encode(T envelope, InnerMessages inner, IBufferWriter<byte> output);

    /// <summary>Reads exactly one envelope that takes up all of <paramref name="payload"/>.</summary>
    /// <param name="payload">Borrowed: its memory is valid only until this method returns.</param>
    /// <param name="inner">Reads the message that it carries. May be kept, to read a copy of that message's payload later.</param>
    /// <returns>The envelope; never <see langword="null"/>.</returns>
    /// <exception cref="GhmsProtocolException">The peer broke the extension's rules: its connection ends with this status.</exception>
    /// <exception cref="Exception">Any other exception means that the payload cannot be decoded (status 1007).</exception>
    public abstract T Decode(in ReadOnlySequence<byte> payload, InnerMessages inner);

    /// <summary>Reads exactly one envelope that takes up all of a payload in one piece, as nearly every payload is.</summary>
    /// <inheritdoc cref="Decode(in ReadOnlySequence{byte}, InnerMessages)"/>
    /// <param name="payload">Borrowed: its memory is valid only until this method returns.</param>
    /// <param name="inner">Reads the message that it carries.</param>
    /// <remarks>A codec that has a shorter way for contiguous memory overrides this; the base reads it as a sequence.</remarks>
    public virtual T Decode(ReadOnlyMemory<byte> payload, InnerMessages inner) => Decode(new ReadOnlySequence<byte>(payload), inner);
}
