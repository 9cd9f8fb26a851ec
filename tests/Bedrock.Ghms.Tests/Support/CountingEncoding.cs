using System.Buffers;
using System.Collections.Concurrent;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>An encoding that counts what it encodes and decodes, and notes how much room it was given at first.</summary>
internal sealed class CountingEncoding(MessageEncoding inner) : MessageEncoding([.. inner.Names])
{
    private int _encoded;
    private int _decoded;

    public int Encoded => Volatile.Read(ref _encoded);

    public int Decoded => Volatile.Read(ref _decoded);

    public ConcurrentQueue<int> FirstSpans { get; } = [];

    public override MessageCodec CreateCodec<T>(Func<T>? factory) => new Codec(this, inner.CreateCodec(factory));

    private sealed class Codec(CountingEncoding encoding, MessageCodec codec) : MessageCodec
    {
        public override void Encode(object message, IBufferWriter<byte> output)
        {
            Interlocked.Increment(ref encoding._encoded);
            encoding.FirstSpans.Enqueue(output.GetSpan().Length);
            codec.Encode(message, output);
        }

        public override object Decode(in ReadOnlySequence<byte> payload)
        {
            Interlocked.Increment(ref encoding._decoded);
            return codec.Decode(payload);
        }
    }
}
