using Bedrock.Framework;
using Bedrock.Framework.Protocols;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.BedrockFramework.Tests;

/// <summary>What README shows of Bedrock.Framework, compiled.</summary>
internal static class ReadmeExamples
{
    public static async Task Client(IServiceProvider services)
    {
        await using var client = await new GhmsClientBuilder()
            .AddJson()
            .AddMessage<Greeting>(code: 10)
            .UseConnectionFactory(new ClientBuilder(services).UseSockets().UseTransportCompletion().UseConnectionLogging().Build())
            .ConnectAsync(new Uri("http://localhost:5000/"));
    }

    public static async Task Frames(IServiceProvider services, System.Net.EndPoint endpoint, Frame frame)
    {
        var client = new ClientBuilder(services)
            .UseSockets()
            .UseTransportCompletion()
            .UseGhmsUpgrade(new UpgradeRequest { Host = "localhost:5000", Accept = ["application/json"] })
            .Build();
        await using var connection = await client.ConnectAsync(endpoint);
        await connection.CreateWriter().WriteAsync(new FrameMessageWriter(), frame);
        var answer = await connection.CreateReader().ReadAsync(new FrameMessageReader());
    }
}
