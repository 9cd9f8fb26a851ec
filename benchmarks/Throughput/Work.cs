namespace Bedrock.Ghms.Throughput;

internal enum Work
{
    /// <summary>One message in flight: what a round trip costs.</summary>
    PingPong,

    /// <summary>Many messages in flight, each sent back.</summary>
    Echo,

    /// <summary>As <see cref="Echo"/>, but each message is a request, and what is sent back its reply.</summary>
    Request,

    /// <summary>Messages that are only received.</summary>
    OneWay,

    /// <summary>Each message goes to every connection.</summary>
    FanOut,
}
