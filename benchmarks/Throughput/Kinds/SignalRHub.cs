using Bedrock.Ghms.Baseline;
using Microsoft.AspNetCore.SignalR;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>The methods are found by their names, which the load sends.</summary>
internal sealed class SignalRHub(Counter handled) : Hub
{
    public Task Echo(Message message)
    {
        handled.Add(1);
        return Clients.Caller.SendAsync(nameof(Echo), message);
    }

    public Message Ask(Message message)
    {
        handled.Add(1);
        return message;
    }

    public void OneWay(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        handled.Add(1);
    }

    public Task Announce(Message message)
    {
        handled.Add(1);
        return Clients.All.SendAsync(nameof(Announce), message);
    }
}
