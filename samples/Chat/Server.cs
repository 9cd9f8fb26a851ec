using System.Net;
using Bedrock.Ghms.Server;
using Bedrock.Ghms.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Chat;

/// <summary>Where the members meet.</summary>
internal static class Server
{
    /// <summary>Serves until the token fires.</summary>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task RunAsync(int port, TextWriter output, CancellationToken cancellationToken)
    {
        var members = new Members();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGhms(ghms => ghms.MaxMessageSize = 16_384)
            .AddChat()
            .AddTopics(topics =>
            {
                topics.CanSubscribe = (connection, filter) => new(Members.CanSubscribe(connection, filter));
                topics.CanPublish = (connection, topic, code) => new(Members.CanPublish(connection, topic, code));
                topics.Retains = _ => true;
            })
            .Answer<Hello, Welcome>((connection, hello, _) => new(members.Greet(connection, hello)))
            .Answer<WhichRooms, Rooms>((_, _, _) => new(members.ListRooms()))
            .Handle<Join>((connection, join, _) => Members.JoinAsync(connection, join))
            .Handle<Say>((connection, say, _) => Members.SayAsync(connection, say))
            .OnDisconnected(members.LeaveAsync);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseConnectionHandler<GhmsHandler>()));

        await using var app = builder.Build();
        await app.StartAsync(cancellationToken);
        await output.WriteLineAsync($"Listening on 127.0.0.1:{new Uri(app.Urls.Single()).Port}");
        await app.WaitForShutdownAsync(cancellationToken);
    }
}
