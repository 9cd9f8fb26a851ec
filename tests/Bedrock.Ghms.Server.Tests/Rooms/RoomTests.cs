using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Server.Tests.Support;
using Bedrock.Ghms.Testing;

namespace Bedrock.Ghms.Server.Tests.Rooms;

/// <summary>What the library does with topics, others can do: the public pipe API is enough.</summary>
internal sealed class RoomTests
{
    [Test]
    public void This_assembly_sees_no_internals() => Assert.That(
        typeof(GhmsBroker).Assembly.GetCustomAttributes(typeof(InternalsVisibleToAttribute), false).Cast<InternalsVisibleToAttribute>(),
        Has.None.Property(nameof(InternalsVisibleToAttribute.AssemblyName)).EqualTo(typeof(RoomTests).Assembly.GetName().Name));

    [Test]
    public async Task What_is_said_in_a_room_is_heard_there_in_any_encoding_and_through_the_pipes()
    {
        var rooms = new RoomPipe();
        await using var server = new GhmsTestBuilder()
            .AddJson().AddMessagePack().AddMessage<Message>(10).UsePipe(rooms).Build();
        var (plain, packed) = (new Listener(server, json: true), new Listener(server, json: false));
        await using var first = await plain.ConnectAsync();
        await using var second = await packed.ConnectAsync();
        await plain.Pipe.EnterAsync(1);

        // The two have a connection each: what one says may be there before the other has entered, who hears itself when it has.
        await plain.Pipe.SayAsync(1, new Message { Word = "in" });
        Assert.That(await plain.HearAsync(), Is.EqualTo("1: in!?"));
        await packed.Pipe.EnterAsync(1);
        await packed.Pipe.SayAsync(1, new Message { Word = "packed" });
        Assert.That(await packed.HearAsync(), Is.EqualTo("1: packed!?"));
        Assert.That(await plain.HearAsync(), Is.EqualTo("1: packed!?"));
        await plain.Pipe.SayAsync(1, new Message { Word = "swallow" });
        await plain.Pipe.SayAsync(2, new Message { Word = "nobody there" });
        using var raw = RawMessage.Create(10, "no JSON"u8.ToArray());
        await plain.Pipe.SayAsync(3, raw);
        await plain.Pipe.SayAsync(1, new Message { Word = "plain" });
        Assert.That(await plain.HearAsync(), Is.EqualTo("1: plain!?"));
        Assert.That(await packed.HearAsync(), Is.EqualTo("1: plain!?"));
        Assert.That(rooms.Untold, Is.Zero);
        Assert.That(server.FindPipe<RoomPipe>(), Is.SameAs(rooms));
    }

    private sealed class Listener
    {
        private readonly BlockingCollection<string> _heard = [];
        private readonly GhmsClientBuilder _builder = new();

        public Listener(GhmsBroker server, bool json)
        {
            Pipe = new RoomPipe((room, message) => _heard.Add($"{room}: {((Message)message).Word}"));
            _ = json ? _builder.AddJson() : _builder.AddMessagePack();
            _builder.AddMessage<Message>(10).UsePipe(Pipe).UsePipe(new Marks()).UseConnectionFactory(new InMemoryServer(server));
        }

        public RoomPipe Pipe { get; }

        public Task<GhmsClient> ConnectAsync() => _builder.ConnectAsync(new Uri("http://localhost/"));

        public Task<string> HearAsync() => Task.Run(() => _heard.Take()).WaitAsync(Patience.Long);
    }

    private sealed class Marks : GhmsPipe
    {
        protected override ValueTask HandleAsync(
            GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken) =>
            next(connection, new Message { Word = ((Message)message).Word + "?" }, cancellationToken);

        protected override ValueTask<int> SendAsync(
            object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken) => message switch
            {
                Message { Word: "swallow" } => new ValueTask<int>(0),
                Message said => next(new Message { Word = said.Word + "!" }, recipients, cancellationToken),
                _ => next(message, recipients, cancellationToken),
            };
    }
}
