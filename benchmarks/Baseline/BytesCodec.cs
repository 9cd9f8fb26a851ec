namespace Bedrock.Ghms.Baseline;

/// <summary>Payloads are bytes that nobody looks at.</summary>
public readonly struct BytesCodec : ICodec
{
    public static void Read(Frame frame)
    {
    }

    public static void Relay(Frame frame, FrameBuffer output) => output.Append(frame.Bytes.Span);
}
