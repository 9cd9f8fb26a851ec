using System.Buffers;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Benchmarks.Support;

/// <summary>A message that reads and writes itself. Its pool has one instance, as there is one message at a time here.</summary>
public sealed class Binary : IBinaryMessage
{
    private static readonly Binary Pooled = new();
    private readonly byte[] _bytes = new byte[100];

    public static Binary Take() => Pooled;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public void Write(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write(_bytes);
    }

    public void Read(ReadOnlySequence<byte> payload) => payload.CopyTo(_bytes);
}
