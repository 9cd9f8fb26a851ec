namespace Bedrock.Ghms.Messages;

/// <summary>A way to turn messages into bytes, chosen by media type when a connection is upgraded. Immutable and safe for concurrent use.</summary>
public abstract class MessageEncoding
{
    /// <summary>Creates an encoding known by <paramref name="mediaTypes"/>.</summary>
    /// <param name="mediaTypes">Lower-case media types without parameters, the canonical one first.</param>
    /// <exception cref="ArgumentException">There is none, or one is not of the form <c>type/subtype</c> in lower case.</exception>
    protected MessageEncoding(params ReadOnlySpan<string> mediaTypes)
    {
        if (mediaTypes.IsEmpty)
        {
            throw new ArgumentException("An encoding needs at least one media type.", nameof(mediaTypes));
        }

        foreach (var mediaType in mediaTypes)
        {
            if (!MediaTypes.IsValid(mediaType))
            {
                throw new ArgumentException($"'{mediaType}' is not a lower-case media type without parameters.", nameof(mediaTypes));
            }
        }

        Names = [.. mediaTypes];
    }

    /// <summary>The canonical media type, the first of <see cref="Names"/>.</summary>
    public string MediaType => Names[0];

    /// <summary>Every media type that names this encoding, the canonical one first.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Creates the codec for <typeparamref name="T"/>. Called once per registered type when a broker starts.</summary>
    /// <typeparam name="T">The message type.</typeparam>
    /// <param name="factory">Makes the instances that are filled when a message is received, or <see langword="null"/> to let the encoding create them.</param>
    /// <exception cref="NotSupportedException">The type cannot be carried in this encoding, or the factory cannot be honoured; the message says why.</exception>
    public abstract MessageCodec CreateCodec<T>(Func<T>? factory)
        where T : notnull;
}
