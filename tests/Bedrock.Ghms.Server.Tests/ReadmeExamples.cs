using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Upgrade;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Topics;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>The examples of README, as they stand there; the test beside this file compares them.</summary>
internal static class ReadmeExamples
{
    public sealed record Greeting(string Word);

    public static WebApplication Server(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddGhms(options => options.MaxConnections = 10_000)
            .AddMessagePack()
            .AddMessage<Greeting>(code: 10)
            .Handle<Greeting>((connection, greeting, ct) => connection.Broker.SendAsync(greeting, ct));
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.ListenLocalhost(5000, listen => listen.UseConnectionHandler<GhmsHandler>()));
        return builder.Build();
    }

    public static WebApplication SeveralBrokers(WebApplicationBuilder builder)
    {
        builder.Services.AddGhms("orders").AddJson().AddMessage<Greeting>(code: 10);
        builder.Services.AddGhms("stock").AddJson().AddMessage<Greeting>(code: 10);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(5000, listen => listen.UseGhms(map => map
            .Broker("/orders", "orders")
            .Broker("/stock", "stock"))));
        return builder.Build();
    }

    public static async Task ClientAsync()
    {
        await using var client = await new GhmsClientBuilder()
            .AddMessagePack()
            .AddMessage<Greeting>(code: 10)
            .Handle<Greeting>((connection, greeting, ct) =>
            {
                Console.WriteLine(greeting.Word);
                return ValueTask.CompletedTask;
            })
            .ConnectAsync(new Uri("http://localhost:5000/"));
        await client.SendAsync(new Greeting("Hello"));
    }

    public static async Task StayingConnectedAsync()
    {
        await using var client = new GhmsClientBuilder()
            .AddMessagePack()
            .AddMessage<Greeting>(code: 10)
            .ConnectTo(new Uri("http://a.example:5000/orders"), new Uri("http://b.example:5000/orders"))
            .UseHeaders(async (fields, ct) => fields["Authorization"] = $"Bearer {await GetTokenAsync(ct)}")
            .UseReconnect(options => options.MaxWaitingSends = 1_000)
            .Build();
        client.StateChanged += (_, change) => Console.WriteLine($"{change.Old} -> {change.New} {change.Cause?.Message}");
        await client.ConnectAsync();

        static Task<string> GetTokenAsync(CancellationToken cancellationToken) => Task.FromResult("token");
    }

    public static async Task TlsClientAsync(X509Certificate2 root, X509Certificate2 certificate)
    {
        await using var client = await new GhmsClientBuilder()
            .AddMessagePack()
            .AddMessage<Greeting>(code: 10)
            .UseTls(tls =>
            {
                tls.CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { root },
                    RevocationMode = X509RevocationMode.NoCheck,
                };
                tls.ClientCertificates = [certificate];
            })
            .ConnectAsync(new Uri("https://orders.internal:5001/"));
    }

    public static async Task ProxiedClientAsync(string password)
    {
        await using var client = await new GhmsClientBuilder()
            .AddMessagePack()
            .AddMessage<Greeting>(code: 10)
            .UseHttpProxy(new Uri("http://proxy.internal:3128"), new NetworkCredential("orders", password))
            .ConnectAsync(new Uri("https://orders.example/"));
    }

    public static void UnixSocketServer(WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.ListenUnixSocket("/run/orders.sock", listen => listen.UseConnectionHandler<GhmsHandler>()));
    }

    public static async Task UnixSocketClientAsync()
    {
        await using var client = await new GhmsClientBuilder()
            .AddMessagePack()
            .AddMessage<Greeting>(code: 10)
            .ConnectAsync(new UnixDomainSocketEndPoint("/run/orders.sock"), path: "/orders");
    }

    public sealed record Price(string Symbol, decimal Value);

    public sealed record Position(double X, double Y);

    public static void SlowConsumers(WebApplicationBuilder builder)
    {
        builder.Services.AddGhms()
            .AddMessagePack()
            .AddMessage<Price>(code: 30)
            .AddMessage<Position>(code: 31)
            .AddMessage<Sample>(code: 32)
            .Conflate<Price>(price => price.Symbol)     // of those that wait, only the latest for each symbol
            .DropOldest<Position>()                     // the oldest that wait give way
            .DropNewest<Sample>();                      // what finds no room is not sent
    }

    public static void FixedEncoding(WebApplicationBuilder builder)
    {
        builder.Services.AddGhms()
            .AddJson()
            .AddBinary(offered: false)
            .AddMessage<Sample>(code: 11, factory: () => new Sample(), encoding: MediaTypes.Binary);
    }

    public static void Topics(WebApplicationBuilder builder)
    {
        builder.Services.AddGhms()
            .AddJson()
            .AddMessage<Greeting>(code: 10)
            .AddTopics(topics =>
            {
                topics.CanSubscribe = (connection, filter) => ValueTask.FromResult(filter.StartsWith("chat/"));
                topics.CanPublish = (connection, topic, code) => ValueTask.FromResult(topic.StartsWith("chat/"));
                topics.Retains = topic => topic.StartsWith("chat/status/");
            });
    }

    public static async Task TopicsAsync(GhmsClient client)
    {
        await using var subscription = await client.SubscribeAsync<Greeting>("chat/+/words", (topic, greeting, ct) =>
        {
            Console.WriteLine($"{topic}: {greeting.Word}");
            return ValueTask.CompletedTask;
        });
        await client.PublishAsync("chat/tea/words", new Greeting("Hello"));
        await foreach (var (topic, greeting) in client.ReadAsync<Greeting>("chat/status/#", TopicOverflow.DropOldest))
        {
            Console.WriteLine($"{topic}: {greeting.Word}");
        }
    }

    public static async Task InMemoryAsync()
    {
        await using var broker = new GhmsTestBuilder()
            .AddJson()
            .AddMessage<Greeting>(code: 10)
            .Handle<Greeting>((connection, greeting, ct) => connection.SendAsync(greeting, ct))
            .Build();
        await using var client = await new GhmsClientBuilder()
            .AddJson()
            .AddMessage<Greeting>(code: 10)
            .UseConnectionFactory(new InMemoryServer(broker))
            .ConnectAsync(new Uri("http://localhost/"));
    }

    public sealed record Query(string Text);

    public sealed record Answer(string Text);

    public sealed record Listing;

    public static async Task ReconnectAsync()
    {
        await using var broker = new GhmsTestBuilder()
            .AddJson()
            .AddMessage<Query>(code: 20)
            .AddMessage<Answer>(code: 21)
            .Answer<Query, Answer>((connection, query, ct) => ValueTask.FromResult(new Answer("42")))
            .Build();
        var server = new InMemoryServer(broker);
        var time = new FakeTimeProvider();
        await using var client = new GhmsClientBuilder()
            .AddJson()
            .AddMessage<Query>(code: 20)
            .AddMessage<Answer>(code: 21)
            .AddRequests()
            .UseConnectionFactory(server)
            .UseTimeProvider(time)
            .ConnectTo(new Uri("http://oracle/"))
            .UseReconnect()
            .Build();
        await client.ConnectAsync();
        var oracle = new Oracle(client);                 // what is tested
        Assert.That(await oracle.AskAsync("What is the answer?"), Is.EqualTo("42"));

        server.IsDown = true;
        server.BreakConnections();
        await client.WaitForStateAsync(GhmsClientState.Waiting);
        Assert.That(await oracle.AskAsync("What is the answer?"), Is.EqualTo("Come back later."));

        server.IsDown = false;
        time.Advance(TimeSpan.FromSeconds(30));          // no wait is longer
        await client.WaitForConnectedAsync();
        Assert.That(await oracle.AskAsync("What is the answer?"), Is.EqualTo("42"));
    }

    public static void HostedClients(IHostApplicationBuilder builder)
    {
        builder.Services.AddGhmsClient("orders", client => client.AddMessagePack().AddMessage<Greeting>(code: 10))
            .BindConfiguration();
        builder.Services.AddGhmsClient<Oracle>(client => client
            .ConnectTo(new Uri("https://oracle:5001/"))
            .AddJson()
            .AddMessage<Query>(code: 20)
            .AddMessage<Answer>(code: 21)
            .AddRequests());
    }

    public static void ClientHealth(IHostApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks().AddGhmsClient("orders").AddGhmsClient("Oracle", grace: TimeSpan.FromMinutes(1));
    }

    public static void HostedInMemory(IServiceCollection services, InMemoryServer server)
    {
        services.AddKeyedSingleton<IConnectionFactory>("orders", server);
    }

    public static void Answers(WebApplicationBuilder builder, Func<Query, CancellationToken, Task<Answer>> LookUpAsync, Func<Listing, CancellationToken, IAsyncEnumerable<Answer>> ListAsync)
    {
        builder.Services.AddGhms()
            .AddMessagePack()
            .AddMessage<Query>(code: 20)
            .AddMessage<Answer>(code: 21)
            .AddMessage<Listing>(code: 22)
            .Answer<Query, Answer>(async (connection, query, ct) => await LookUpAsync(query, ct))
            .AnswerStream<Listing, Answer>((connection, listing, ct) => ListAsync(listing, ct));
    }

    public static async Task AskAsync()
    {
        await using var client = await new GhmsClientBuilder()
            .AddMessagePack()
            .AddMessage<Query>(code: 20)
            .AddMessage<Answer>(code: 21)
            .AddMessage<Listing>(code: 22)
            .AddRequests(options => options.Timeout = TimeSpan.FromSeconds(5))
            .ConnectAsync(new Uri("http://localhost:5000/"));
        var answer = await client.RequestAsync<Answer>(new Query("What is the answer?"));
        await foreach (var each in client.StreamAsync<Answer>(new Listing()))
        {
            Console.WriteLine(each.Text);
        }
    }

    public static WebApplication OnePort(WebApplicationBuilder builder)
    {
        builder.Services.AddGhms("orders").AddJson().AddMessage<Greeting>(code: 10);
        var app = builder.Build();
        app.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor });
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/", () => "The site.");
        app.MapGhms("/orders", "orders").RequireAuthorization();
        return app;
    }

    public static void Tls(WebApplicationBuilder builder, X509Certificate2 certificate)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(5001, listen =>
        {
            listen.UseHttps(certificate, https => https.ClientCertificateMode = ClientCertificateMode.AllowCertificate);
            listen.UseConnectionHandler<GhmsHandler>();
        }));
    }

    public static void Admission(WebApplicationBuilder builder)
    {
        builder.Services.AddGhms(options => options.MaxConnectionsPerAddress = 50)
            .AddJson()
            .AddMessage<Greeting>(code: 10)
            .Admit(async (request, ct) =>
            {
                if (!request.Headers.TryGetValue("X-Key", out var key) || await Tenants.FindAsync(key, ct) is not { } tenant)
                {
                    return new UpgradeRefusal(401, "A key is needed.");
                }

                request.Items["tenant"] = tenant;
                return null;
            });
    }

    public static void Authorization(WebApplicationBuilder builder)
    {
        builder.Services.AddAuthentication("Token").AddScheme<AuthenticationSchemeOptions, TokenHandler>("Token", null);
        builder.Services.AddGhms()
            .AddJson()
            .AddMessage<Greeting>(code: 10)
            .RequireAuthorization(policy => policy.RequireRole("shop"));
    }

    public static void Configuration(WebApplicationBuilder builder)
    {
        builder.Services.AddGhms("orders").BindConfiguration().AddJson().AddMessage<Greeting>(code: 10);
    }

    public static void Health(WebApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks().AddGhms("orders");
    }

    public static void Monitor(WebApplication app)
    {
        app.MapGhmsMonitor("/ghms").RequireAuthorization("operators");
    }

    public sealed class Oracle(GhmsClient client)
    {
        public async Task<string> AskAsync(string question)
        {
            try
            {
                return (await client.RequestAsync<Answer>(new Query(question))).Text;
            }
            catch (Exception exception) when (exception is GhmsConnectionClosedException or GhmsRequestException)
            {
                return "Come back later.";
            }
        }
    }

    public sealed class Orders([FromKeyedServices("orders")] GhmsClient client)
    {
        public GhmsClient Client => client;
    }

    private static class Tenants
    {
        public static ValueTask<string?> FindAsync(string key, CancellationToken cancellationToken) => new(key);
    }

    public sealed class Sample : IBinaryMessage
    {
        public void Write(IBufferWriter<byte> output)
        {
        }

        public void Read(ReadOnlySequence<byte> payload)
        {
        }
    }

    internal sealed class Trace(TextWriter output) : GhmsPipe
    {
        protected override ValueTask HandleAsync(
            GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            output.WriteLine($"{connection.Id} sent {message}");
            return next(connection, message, cancellationToken);
        }
    }
}
