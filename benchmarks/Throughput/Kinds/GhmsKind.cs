using Bedrock.Ghms.Baseline;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Server;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>The library as an application uses it: typed handlers, and every setting but the number of connections at its default.</summary>
internal sealed class GhmsKind : IServerKind
{
    public string Name => "ghms";

    public bool Does(Work work) => true;

    public void AddServices(IServiceCollection services, Work work)
    {
        var ghms = services.AddGhms(options => options.MaxConnections = int.MaxValue);
        ghms
            .AddMessagePack()
            .AddMessage<Message>(MessageCode.Echo)
            .AddMessage<AnnouncementMessage>(MessageCode.Announcement)
            .AddMessage<OneWayMessage>(MessageCode.OneWay)
            .Handle<Message>((connection, message, ct) => connection.SendAsync(message, ct))
            .Handle<AnnouncementMessage>((connection, message, ct) => connection.Broker.SendAsync(message, ct))
            .Handle<OneWayMessage>((_, _, _) => ValueTask.CompletedTask);
        if (work == Work.Request)
        {
            // Not at other works: there the pipe of requests would be in the way of every message.
            ghms.Answer<Message, Message>((_, message, _) => new(message));
        }
    }

    public long Handled(IServiceProvider services) => services.GetRequiredService<GhmsBroker>().GetStats().Received;

    public void Listen(ListenOptions endpoint, Work work) => endpoint.UseConnectionHandler<GhmsHandler>();
}
