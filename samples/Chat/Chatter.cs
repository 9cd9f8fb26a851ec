using System.Net.Sockets;
using Bedrock.Ghms;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Topics;

namespace Chat;

/// <summary>One member at a terminal.</summary>
internal sealed class Chatter(GhmsClient client, string name, Terminal terminal)
{
    private const string Help = "Type to talk. /who, /rooms, /join ROOM, /quit";

    /// <summary>Connects, and chats until there is no more to read, the token fires, or the server ends.</summary>
    /// <exception cref="ChatException">There is no server, it refuses, or it has ended.</exception>
    public static async Task RunAsync(string name, string room, int port, Terminal terminal, CancellationToken cancellationToken)
    {
        await using var client = await ConnectAsync(port, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, client.Connection.Closed);
        try
        {
            await new Chatter(client, name, terminal).RunAsync(room, stop.Token);
        }
        catch (GhmsRequestException refused) when (refused.Status != CloseStatus.GoingAway)
        {
            throw new ChatException(refused.Text);
        }
        catch (Exception exception) when (exception is GhmsException or TimeoutException or OperationCanceledException)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                throw new ChatException("The server has ended the conversation.");
            }
        }
    }

    private static async Task<GhmsClient> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            return await new GhmsClientBuilder()
                .AddChat()
                .AddTopics()
                .AddRequests()
                .ConnectAsync(new Uri($"http://127.0.0.1:{port}/"), cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or IOException or GhmsException or TimeoutException)
        {
            throw new ChatException($"There is no chat at 127.0.0.1:{port}: {exception.Message}");
        }
    }

    private async Task RunAsync(string firstRoom, CancellationToken cancellationToken)
    {
        await client.RequestAsync<Welcome>(new Hello(name), cancellationToken);
        terminal.Note(Help);
        var room = await EnterAsync(firstRoom, cancellationToken);
        while (await terminal.ReadLineAsync(cancellationToken) is { } line)
        {
            switch (line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                case []:
                    break;
                case ["/quit"]:
                    return;
                case ["/who"]:
                    terminal.Note($"In {room.Name}: {string.Join(", ", room.Here)}");
                    break;
                case ["/rooms"]:
                    var rooms = await client.RequestAsync<Rooms>(new WhichRooms(), cancellationToken);
                    terminal.Note($"Rooms: {string.Join(", ", rooms.Names)}");
                    break;
                case ["/join", var other] when Protocol.IsName(other) && other != room.Name:
                    await room.DisposeAsync();
                    room = await EnterAsync(other, cancellationToken);
                    break;
                case [['/', ..], ..]:
                    terminal.Note(Help);
                    break;
                default:
                    await SayAsync(line, cancellationToken);
                    break;
            }
        }
    }

    private async Task<Room> EnterAsync(string roomName, CancellationToken cancellationToken)
    {
        var room = new Room(roomName, name, terminal);
        await room.EnterAsync(client, cancellationToken);
        return room;
    }

    private async Task SayAsync(string text, CancellationToken cancellationToken)
    {
        if (text.Length > Say.MaxLength)
        {
            terminal.Note($"That was too long: {Say.MaxLength} characters are heard at a time.");
        }
        else
        {
            await client.SendAsync(new Say(text), cancellationToken);
        }
    }
}
