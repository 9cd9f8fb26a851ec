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

    public void AddServices(IServiceCollection services) => services
        .AddGhms(options => options.MaxConnections = int.MaxValue)
        .AddMessagePack()
        .AddMessage<Message>(MessageCode.Echo)
        .AddMessage<AnnouncementMessage>(MessageCode.Announcement)
        .AddMessage<OneWayMessage>(MessageCode.OneWay)
        .Handle<Message, EchoHandler>()
        .Handle<AnnouncementMessage, AnnouncementHandler>()
        .Handle<OneWayMessage, OneWayHandler>();

    public void Listen(ListenOptions endpoint, Work work) => endpoint.UseConnectionHandler<GhmsHandler>();

    private sealed class EchoHandler(Counter handled) : IMessageHandler<Message>
    {
        public async ValueTask HandleAsync(GhmsConnection connection, Message message, CancellationToken cancellationToken)
        {
            handled.Add(1);
            await connection.SendAsync(message, cancellationToken);
        }
    }

    private sealed class AnnouncementHandler(Counter handled) : IMessageHandler<AnnouncementMessage>
    {
        public async ValueTask HandleAsync(
            GhmsConnection connection, AnnouncementMessage message, CancellationToken cancellationToken)
        {
            handled.Add(1);
            await connection.Broker.SendAsync(message, cancellationToken);
        }
    }

    private sealed class OneWayHandler(Counter handled) : IMessageHandler<OneWayMessage>
    {
        public ValueTask HandleAsync(GhmsConnection connection, OneWayMessage message, CancellationToken cancellationToken)
        {
            handled.Add(1);
            return ValueTask.CompletedTask;
        }
    }
}
