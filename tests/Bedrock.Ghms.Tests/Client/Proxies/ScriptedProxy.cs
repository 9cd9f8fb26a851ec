using System.Net;
using System.Text;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Client.Proxies;

/// <summary>A proxy that follows a script: what it expects, and what it answers to that. Behind the script there is a server that accepts the upgrade.</summary>
/// <param name="step">How many bytes of an answer are sent at a time; each part is read before the next one is sent.</param>
/// <param name="script">Pairs of what is expected and what is answered, one byte for each character.</param>
internal sealed class ScriptedProxy(int step, params (string Expected, string Answer)[] script) : IConnectionFactory
{
    private readonly TaskCompletionSource<string> _heard = new();

    /// <summary>The end point that was dialled.</summary>
    public EndPoint? Dialled { get; private set; }

    /// <summary>The head of the upgrade request that came through.</summary>
    public Task<string> Heard => _heard.Task;

    public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Dialled = endpoint;
        var (client, server) = InMemoryConnection.CreatePair();
        _ = RunAsync(new RawPeer(server));
        return ValueTask.FromResult<ConnectionContext>(client);
    }

    private async Task RunAsync(RawPeer peer)
    {
        try
        {
            foreach (var (expected, answer) in script)
            {
                Assert.That(await ReadAsync(peer, expected.Length), Is.EqualTo(expected));
                await SendAsync(peer, answer);
            }

            var head = await peer.ReadHeadAsync();
            await peer.SendAsync(ScriptedServer.Accepts);
            _heard.SetResult(head);
        }
        catch (Exception exception)
        {
            _heard.TrySetException(exception);
            _ = _heard.Task.Exception;
        }

        await peer.FinishAsync();
    }

    private static async Task<string> ReadAsync(RawPeer peer, int count)
    {
        var result = await peer.Input.ReadAtLeastAsync(count).AsTask().InTime();
        var text = Encoding.Latin1.GetString(result.Buffer);
        peer.Input.AdvanceTo(result.Buffer.End);
        return text;
    }

    private async Task SendAsync(RawPeer peer, string answer)
    {
        for (var i = 0; i < answer.Length; i += step)
        {
            await peer.SendAsync(answer[i..Math.Min(i + step, answer.Length)]);
            await Task.Yield();
        }
    }
}
