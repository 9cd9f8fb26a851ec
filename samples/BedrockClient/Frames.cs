using System.Buffers;
using System.Net;
using System.Text;
using Bedrock.Framework;
using Bedrock.Framework.Protocols;
using Bedrock.Ghms.BedrockFramework;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Protocol.Upgrade;

namespace BedrockClient;

/// <summary>Speaks the protocol with Bedrock's reader and writer, without a broker.</summary>
internal static class Frames
{
    public static async Task SpeakAsync(IServiceProvider services, Uri uri)
    {
        var client = new ClientBuilder(services)
            .UseSockets()
            .UseTransportCompletion()
            .UseConnectionLogging()
            .UseGhmsUpgrade(new UpgradeRequest { Host = uri.Authority, Path = uri.PathAndQuery, Accept = ["application/json"] })
            .Build();
        await using var connection = await client.ConnectAsync(IPEndPoint.Parse(uri.Authority));
        await using var writer = connection.CreateWriter();
        await using var reader = connection.CreateReader();

        var frames = new FrameMessageWriter(connection.Features.Get<UpgradeResponse>()?.MaxMessageSize ?? uint.MaxValue);
        await writer.WriteAsync(frames, new Frame(10, new ReadOnlySequence<byte>("""{"Word":"Hello"}"""u8.ToArray())));

        var received = new FrameMessageReader();
        while (await reader.ReadAsync(received) is { IsCompleted: false } result)
        {
            if (result.Message.Code == 10)
            {
                Console.WriteLine($"Frame by frame: {result.Message.Code} {Encoding.UTF8.GetString(result.Message.Payload)}");
                await writer.WriteAsync(frames, CloseMessage(CloseStatus.Normal));
            }

            reader.Advance();
        }

        Console.WriteLine(received.IsInsideFrame ? "The server broke off inside a frame." : "The server has ended the connection.");
    }

    private static Frame CloseMessage(CloseStatus status) =>
        new(Bedrock.Ghms.Ghms.CloseCode, new ReadOnlySequence<byte>([(byte)((ushort)status >> 8), (byte)status]));
}
