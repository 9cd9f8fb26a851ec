namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>What goes each way: one message sent is answered with, or leads to, one received.</summary>
internal sealed record Flow(FrameRing Sent, FrameRing Received)
{
    public static Flow Same(FrameRing both) => new(both, both);
}
