using System.Buffers;

namespace Bedrock.Ghms.Messages;

/// <summary>A message that writes and reads its own bytes; what the binary encoding (<c>application/octet-stream</c>) carries.</summary>
public interface IBinaryMessage
{
    /// <summary>Writes the whole payload to <paramref name="output"/>, synchronously.</summary>
    /// <param name="output">Belongs to the sender: it must not be used after this method returns.</param>
    void Write(IBufferWriter<byte> output);

    /// <summary>Fills this instance, fresh from its factory, from <paramref name="payload"/>.</summary>
    /// <param name="payload">The exact payload. Its memory is valid only until this method returns.</param>
    /// <exception cref="Exception">Any exception means that the payload cannot be decoded (status 1007).</exception>
    void Read(ReadOnlySequence<byte> payload);
}
