using Bedrock.Ghms.Baseline;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Server;
using Bedrock.Ghms.Throughput.Wires;
using Bedrock.Ghms.Topics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>The library as an application uses it: typed handlers, and every setting but the number of connections at its default.</summary>
internal sealed class GhmsKind : HostedKind
{
    public override string Name => "ghms";

    public override IWire Wire { get; } = new GhmsWire(broker: true);

    public override bool Does(Work work) => true;

    protected override void AddServices(IServiceCollection services, Work work)
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

        // Each at its own work only: elsewhere its pipe would be in the way of every message.
        switch (work)
        {
            case Work.Request:
                ghms.Answer<Message, Message>((_, message, _) => new(message));
                break;
            case Work.Relay:
                ghms.AddTopics();
                break;
            case Work.Stalled:
                ghms.DropOldest<AnnouncementMessage>();
                break;
            case Work.Split:
                ghms.AddJson();
                break;
        }
    }

    protected override ValueTask<long?> HandledAsync(IServiceProvider services) =>
        new(services.GetRequiredService<GhmsBroker>().GetStats().Received);

    protected override void Listen(ListenOptions endpoint, Work work) => endpoint.UseConnectionHandler<GhmsHandler>();
}
