using System.Buffers;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>A pipe that wraps messages can be written in an assembly that sees no internals, as this one.</summary>
internal sealed class ForeignPipeTests
{
    public sealed record Greeting(string Word);

    [Test]
    public async Task A_wrapping_pipe_needs_nothing_but_the_public_API()
    {
        var heard = new TaskCompletionSource<Greeting>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var broker = new GhmsTestBuilder()
            .AddJson().AddMessage<Greeting>(code: 10).UsePipe(new Sealing())
            .Handle<Greeting>(async (connection, greeting, ct) => await connection.Broker.SendAsync(greeting, ct))
            .Build();
        await using var client = await new GhmsClientBuilder()
            .AddJson().AddMessage<Greeting>(code: 10).UsePipe(new Sealing())
            .Handle<Greeting>((_, greeting, _) =>
            {
                heard.SetResult(greeting);
                return ValueTask.CompletedTask;
            })
            .UseConnectionFactory(new InMemoryServer(broker))
            .ConnectAsync(new Uri("http://localhost/"));
        await client.SendAsync(new Greeting("hello"));
        Assert.That(await heard.Task.WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(new Greeting("hello")));
    }

    private sealed record Sealed(object Message);

    /// <summary>Seals what is sent and opens what arrives.</summary>
    private sealed class Sealing : GhmsPipe
    {
        protected override void Start(PipeContext context)
        {
            ArgumentNullException.ThrowIfNull(context);
            context.AddMessage(MessageRegistration.CreateEnvelope(0xFFFF_FF80, new SealedCodec(), MessageKind.Extension));
        }

        protected override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken) =>
            next(connection, ((Sealed)message).Message, cancellationToken);

        protected override ValueTask<int> SendAsync(object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken) =>
            next(new Sealed(message), recipients, cancellationToken);
    }

    private sealed class SealedCodec : EnvelopeCodec<Sealed>
    {
        public override void Encode(Sealed envelope, InnerMessages inner, IBufferWriter<byte> output) => inner.Encode(envelope.Message, output);

        public override Sealed Decode(in ReadOnlySequence<byte> payload, InnerMessages inner)
        {
            var reader = new SequenceReader<byte>(payload);
            return reader.TryReadBigEndian(out int code)
                ? new Sealed(inner.Decode((uint)code, reader.UnreadSequence))
                : throw new GhmsProtocolException(CloseStatus.ProtocolError, "Too short.");
        }
    }
}
