namespace Bedrock.Ghms.Broker;

/// <summary>What a connection has carried since its upgrade. Messages are counted without heartbeats and Closes, bytes with them.</summary>
internal readonly record struct Traffic(long SentMessages, long ReceivedMessages, long SentBytes, long ReceivedBytes)
{
    public static Traffic operator +(Traffic left, Traffic right) => new(
        left.SentMessages + right.SentMessages,
        left.ReceivedMessages + right.ReceivedMessages,
        left.SentBytes + right.SentBytes,
        left.ReceivedBytes + right.ReceivedBytes);
}
