using Bedrock.Ghms.Client;
using Bedrock.Ghms.Tests.Support;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Tests.Errors;

/// <summary>The errors are told apart by type and by code, without reading text.</summary>
internal sealed class ErrorTests : JoinFixture
{
    [Test]
    public async Task Connection_closed()
    {
        var broker = BuildJoined(builder => builder.AddJson().AddMessage<Greeting>());
        var joined = await JoinAsync(broker);
        await joined.LeaveAsync();
        await CheckAsync<GhmsConnectionClosedException>(GhmsError.ConnectionClosed, async () => await joined.Connection.SendAsync(new Greeting("")));
    }

    [Test]
    public Task Duplicate_message_code() => CheckAsync<GhmsDuplicateMessageCodeException>(
        GhmsError.DuplicateMessageCode, () => Starting(builder => builder.AddMessage<Greeting>(10).AddMessage<Farewell>(10)));

    [Test]
    public Task Invalid_config() => CheckAsync<GhmsInvalidConfigException>(
        GhmsError.InvalidConfig, () => Starting(builder => builder.Configure(options => options.MaxConnections = 0)));

    [Test]
    public async Task Invalid_encoding_of_a_client_before_any_byte()
    {
        var server = new ScriptedServer(watch: true);
        await using var broker = new GhmsClientBuilder().AddJson().BuildBroker();
        var transport = await server.ConnectAsync(new System.Net.IPEndPoint(0, 0));
        await CheckAsync<GhmsInvalidEncodingException>(
            GhmsError.InvalidEncoding, async () => await broker.StartAsync(transport, "/", "application/vnd.msgpack"));
        Assert.That(async () => await server.FirstReads.Single().InTime(), Throws.TypeOf<ConnectionResetException>(), "an abort, and no byte");
    }

    [Test]
    public Task Invalid_encoding_of_a_type_at_start() => CheckAsync<GhmsInvalidEncodingException>(
        GhmsError.InvalidEncoding, () => Starting(builder => builder.AddMessage<Greeting>(encoding: "application/vnd.msgpack")));

    [Test]
    public async Task Invalid_message_code()
    {
        var broker = BuildJoined(builder => builder.AddJson().AddMessage<Greeting>());
        var (connection, _) = await JoinAsync(broker);
        await CheckAsync<GhmsInvalidMessageCodeException>(GhmsError.InvalidMessageCode, async () => await connection.SendAsync(new Farewell("")));
        await CheckAsync<GhmsInvalidMessageCodeException>(GhmsError.InvalidMessageCode, () => Starting(builder => builder.AddMessage<Farewell>(0)));
    }

    [Test]
    public Task No_connections() => CheckAsync<GhmsNoConnectionsException>(
        GhmsError.NoConnections, async () => await Build(builder => builder.AddJson().AddMessage<Greeting>()).SendAsync(new Greeting("")));

    [Test]
    public async Task Message_too_large()
    {
        var broker = BuildJoined(builder => builder.AddJson().AddMessage<Greeting>().Configure(options => options.MaxMessageSize = 5));
        var (connection, _) = await JoinAsync(broker);
        await CheckAsync<GhmsMessageTooLargeException>(GhmsError.MessageTooLarge, async () => await connection.SendAsync(new Greeting("hello")));
    }

    private Task Starting(Action<Testing.GhmsTestBuilder> configure)
    {
        Build(builder =>
        {
            builder.AddJson();
            configure(builder);
        });
        return Task.CompletedTask;
    }

    private static async Task CheckAsync<T>(GhmsError code, Func<Task> act)
        where T : GhmsException
    {
        var error = await Assert.ThrowsAsync<T>(async () => await act());
        Assert.That(error!.Code, Is.EqualTo(code));
    }
}
