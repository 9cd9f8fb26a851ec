using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>A server behind Kestrel's TLS, and clients that keep what they get.</summary>
internal abstract class TlsFixture : ServerFixture
{
    /// <summary>What the clients of a test have received.</summary>
    protected Channel<string> Received { get; } = Channel.CreateUnbounded<string>();

    protected Task<WebApplication> ServeAsync(
        X509Certificate2 certificate, Action<HttpsConnectionAdapterOptions>? https = null, Action<ListenOptions>? behind = null) =>
        StartAsync(services => Echo(services.AddGhms()), listen =>
        {
            listen.UseHttps(certificate, options => https?.Invoke(options));
            behind?.Invoke(listen);
            listen.UseConnectionHandler<GhmsHandler>();
        });

    protected GhmsClientBuilder Builder() => new GhmsClientBuilder()
        .AddJson()
        .AddMessage<Message>(code: 10)
        .AddMessage<Announcement>(code: 12)
        .Handle<Announcement>((_, _, _) => ValueTask.CompletedTask)
        .Handle<Message>((_, message, ct) => Received.Writer.WriteAsync(message.Word, ct));

    protected async Task EchoAsync(GhmsClient client, string word = "hello")
    {
        await client.SendAsync(new Message { Word = word });
        Assert.That(await Received.Reader.ReadAsync().AsTask().WaitAsync(Patience.Long), Is.EqualTo(word));
    }

    protected static async Task<TException> FailureAsync<TException>(Func<Task> connect)
        where TException : Exception
    {
        var failure = await Assert.ThrowsAsync<TException>(() => connect().WaitAsync(Patience.Long));
        return failure!;
    }
}
