using System.Buffers;

namespace Bedrock.Ghms.Messages.Encodings;

/// <summary>
/// Carries messages that write and read their own bytes, as <c>application/octet-stream</c>.
/// Every type must implement <see cref="IBinaryMessage"/> and be registered with a factory. Immutable and safe for concurrent use.
/// </summary>
public sealed class BinaryMessageEncoding() : MessageEncoding(MediaTypes.Binary)
{
    /// <inheritdoc/>
    /// <remarks>
    /// Decoding calls <paramref name="factory"/> once and then <see cref="IBinaryMessage.Read"/>; with a factory that takes from a pool nothing
    /// is allocated. A factory that returns <see langword="null"/> makes the decoding fail.
    /// </remarks>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> does not implement <see cref="IBinaryMessage"/>, or there is no factory.</exception>
    public override MessageCodec CreateCodec<T>(Func<T>? factory)
    {
        if (!typeof(IBinaryMessage).IsAssignableFrom(typeof(T)))
        {
            throw new NotSupportedException($"{typeof(T)} cannot be carried as {MediaType}: it does not implement {nameof(IBinaryMessage)}.");
        }

        return factory is null
            ? throw new NotSupportedException($"{typeof(T)} needs a factory to be carried as {MediaType}.")
            : new Codec<T>(factory);
    }

    private sealed class Codec<T>(Func<T> factory) : MessageCodec
        where T : notnull
    {
        public override void Encode(object message, IBufferWriter<byte> output) => ((IBinaryMessage)message).Write(output);

        public override object Decode(in ReadOnlySequence<byte> payload)
        {
            // Boxed before it is read, so that a struct is filled where the caller sees it.
            object message = factory() ?? throw new InvalidOperationException($"The factory of {typeof(T)} returned null.");
            ((IBinaryMessage)message).Read(payload);
            return message;
        }
    }
}
