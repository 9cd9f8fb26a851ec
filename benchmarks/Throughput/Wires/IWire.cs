namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>A protocol as the load speaks it: messages are encoded beforehand, and what comes back is counted.</summary>
/// <remarks>So a message costs the load about the same in every protocol, and the server is what differs.</remarks>
internal interface IWire
{
    /// <summary>What shows that the client is there, where clients that send nothing are given up.</summary>
    ReadOnlySpan<byte> KeepAlive => [];

    /// <summary>Whether the server shows on an idle connection that it is there.</summary>
    bool HasHeartbeats => false;

    /// <summary>Goes through what comes before the first message: handshake, subscriptions.</summary>
    IMessageCounter Open(LoadSocket socket, Role role);

    /// <summary>Tells roles of one work apart whose flows differ.</summary>
    int Variant(Role role) => 0;

    Flow FlowOf(Role role, int count);

    /// <summary>Says what the protocol has to be said before the end of the stream.</summary>
    void Close(LoadSocket socket)
    {
    }

    /// <summary>One message that is answered only after everything sent before it has been handled.</summary>
    Flow Fence(Role role);
}
