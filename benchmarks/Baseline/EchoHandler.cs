using System.IO.Pipelines;

namespace Bedrock.Ghms.Baseline;

/// <summary>Echo and one-way: connections know nothing of each other, so there is nothing to lock.</summary>
public sealed class EchoHandler<TCodec>(Counter handled) : FramedHandler
    where TCodec : ICodec
{
    protected override ValueTask<FlushResult> HandleAsync(FrameReader frames, FrameBuffer scratch, PipeWriter output)
    {
        int count = 0;
        for (; frames.TryRead(out Frame frame); count++)
        {
            switch (frame.Code)
            {
                case MessageCode.Echo:
                    TCodec.Relay(frame, scratch);
                    break;
                case MessageCode.OneWay:
                    TCodec.Read(frame);
                    break;
                case MessageCode.Heartbeat:
                    count--;
                    break;
                default:
                    throw Unknown(frame.Code);
            }
        }

        handled.Add(count);
        if (scratch.IsEmpty)
        {
            return default;
        }

        // WriteAsync has copied when it returns; only its flush may still be under way.
        ValueTask<FlushResult> flush = output.WriteAsync(scratch.Written);
        scratch.Clear();
        return flush;
    }
}
