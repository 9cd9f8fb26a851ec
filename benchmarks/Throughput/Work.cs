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

    /// <summary>As <see cref="FanOut"/>, with half of the connections on MessagePack and half on JSON.</summary>
    Split,

    /// <summary>As <see cref="FanOut"/>, but to those that have subscribed to the message's topic, who are all.</summary>
    Relay,

    /// <summary>As <see cref="FanOut"/>, and to one more that never reads, for whom messages may be dropped.</summary>
    Stalled,

    /// <summary>As <see cref="FanOut"/>, to ten times as many.</summary>
    WideFanOut,

    /// <summary>Connections that are opened, echo once, and are closed.</summary>
    Connect,

    /// <summary>Connections that do nothing: what each of them holds of the server's memory.</summary>
    Idle,

    /// <summary>How much more a delivery costs among very many connections than among ten.</summary>
    Growth,
}
