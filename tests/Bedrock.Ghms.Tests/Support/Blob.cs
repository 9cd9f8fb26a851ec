using System.Buffers;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>Bytes, or whatever a test's own encoder writes.</summary>
internal sealed class Blob : IBinaryMessage
{
    public const uint Code = 20;

    public byte[] Data { get; set; } = [];

    /// <summary>Writes instead of <see cref="Data"/>.</summary>
    public Action<IBufferWriter<byte>>? Encoder { get; init; }

    /// <summary>A message of <paramref name="size"/> bytes, all of them <paramref name="value"/>.</summary>
    public static Blob Of(int value, int size = 1)
    {
        var data = new byte[size];
        data.AsSpan().Fill((byte)value);
        return new Blob { Data = data };
    }

    public void Write(IBufferWriter<byte> output)
    {
        if (Encoder is null)
        {
            output.Write(Data);
        }
        else
        {
            Encoder(output);
        }
    }

    public void Read(ReadOnlySequence<byte> payload) => Data = payload.ToArray();
}
