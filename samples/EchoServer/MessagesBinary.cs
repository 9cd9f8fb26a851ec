using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Bedrock.Ghms.Messages;

namespace EchoServer;

// As application/octet-stream a word is its UTF-8, data is itself, and a count four bytes, most significant first.
public sealed partial record Message : IBinaryMessage
{
    void IBinaryMessage.Write(IBufferWriter<byte> output) => Text.Write(Word, output);

    void IBinaryMessage.Read(ReadOnlySequence<byte> payload) => Word = Text.Read(payload);
}

public sealed partial record Blob : IBinaryMessage
{
    void IBinaryMessage.Write(IBufferWriter<byte> output) => output.Write(Data);

    void IBinaryMessage.Read(ReadOnlySequence<byte> payload) => Data = payload.ToArray();
}

public sealed partial record Announcement : IBinaryMessage
{
    void IBinaryMessage.Write(IBufferWriter<byte> output) => Text.Write(Word, output);

    void IBinaryMessage.Read(ReadOnlySequence<byte> payload) => Word = Text.Read(payload);
}

public sealed partial record Failure : IBinaryMessage
{
    void IBinaryMessage.Write(IBufferWriter<byte> output) => Text.Write(Word, output);

    void IBinaryMessage.Read(ReadOnlySequence<byte> payload) => Word = Text.Read(payload);
}

public sealed partial record Count : IBinaryMessage
{
    void IBinaryMessage.Write(IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(sizeof(int)), To);
        output.Advance(sizeof(int));
    }

    void IBinaryMessage.Read(ReadOnlySequence<byte> payload)
    {
        if (payload.Length != sizeof(int))
        {
            throw new InvalidDataException($"A count has {sizeof(int)} bytes, not {payload.Length}.");
        }

        Span<byte> bytes = stackalloc byte[sizeof(int)];
        payload.CopyTo(bytes);
        To = BinaryPrimitives.ReadInt32BigEndian(bytes);
    }
}

/// <summary>Strict UTF-8: what is not is an error, here and in the peer's word.</summary>
file static class Text
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Write(string word, IBufferWriter<byte> output) => Utf8.GetBytes(word, output);

    public static string Read(in ReadOnlySequence<byte> payload) => Utf8.GetString(payload);
}
