namespace Bedrock.Ghms.Baseline;

/// <summary>How much a server looks into its messages; static, so that nothing is dispatched per message.</summary>
public interface ICodec
{
    static abstract void Read(Frame frame);

    /// <summary>Reads a message and writes it again.</summary>
    static abstract void Relay(Frame frame, FrameBuffer output);
}
