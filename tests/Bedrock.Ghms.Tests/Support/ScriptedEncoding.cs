using System.Buffers;
using Bedrock.Ghms.Messages;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>An encoding of blobs that counts its calls and fails where a test says so.</summary>
internal sealed class ScriptedEncoding(string mediaType) : MessageEncoding(mediaType)
{
    private int _calls;

    public int Calls => Volatile.Read(ref _calls);

    public Exception? Failure { get; set; }

    public override MessageCodec CreateCodec<T>(Func<T>? factory) => new Codec(this);

    private sealed class Codec(ScriptedEncoding encoding) : MessageCodec
    {
        public override void Encode(object message, IBufferWriter<byte> output)
        {
            Interlocked.Increment(ref encoding._calls);
            ((Blob)message).Write(output);
            if (encoding.Failure is { } failure)
            {
                throw failure;
            }
        }

        public override object Decode(in ReadOnlySequence<byte> payload) => new Blob { Data = payload.ToArray() };
    }
}
