using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.MessagePack;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Bedrock.Ghms.Tests.Support;

namespace Bedrock.Ghms.Tests.Broker.Pipes;

/// <summary>A pipe that puts messages inside its own, and opens those it gets, by means of the public API.</summary>
internal sealed class WrappingTests : JoinFixture
{
    private const uint Code = 0xFFFF_FF80;
    private const string Hello = """{"Word":"hello"}""";

    private readonly ConcurrentQueue<string> _steps = [];

    [Test]
    public async Task What_is_inside_meets_the_pipes_behind_the_wrapping_one_both_ways()
    {
        var broker = Make(builder => builder
            .UsePipe(new Note("outer", _steps)).UsePipe(new Wrap()).UsePipe(new Note("inner", _steps)));
        var (_, peer) = await JoinAsync(broker);
        await SendAsync(peer, 10, Hello);
        Assert.That(await ReadAsync(peer), Is.EqualTo((10u, Hello)));
        Assert.That(_steps, Is.EqualTo(new[]
        {
            "outer handles Wrapped", "inner handles Greeting", "inner sends Greeting", "outer sends Wrapped",
        }));
    }

    [Test]
    public async Task A_wrapper_counts_once()
    {
        var broker = Make(builder => builder
            .UsePipe(new Wrap()));
        var (_, peer) = await JoinAsync(broker);
        await SendAsync(peer, 10, Hello);
        await ReadAsync(peer);
        Assert.That(broker.GetStats(), Is.EqualTo(new BrokerStats(Sent: 1, Received: 1, Dropped: 0, Unhandled: 0)));
    }

    [Test]
    public async Task Each_connection_s_encoding_is_inside_too_and_a_fixed_one_stays()
    {
        var broker = Make(builder => builder
            .AddMessagePack().AddBinary(offered: false).AddMessage(Blob.Code, () => new Blob(), MediaTypes.Binary)
            .UsePipe(new Wrap()));
        var (_, text) = await JoinAsync(broker);
        var (_, packed) = await JoinAsync(broker, accept: MediaTypes.MessagePack);
        await SendAsync(packed, 10, "\u0081\u00A4Word\u00A5hello");
        Assert.That(await ReadAsync(text), Is.EqualTo((10u, Hello)));
        Assert.That(await ReadAsync(packed), Is.EqualTo((10u, "\u0081\u00A4Word\u00A5hello")));
        await SendAsync(text, Blob.Code, "\u0001\u0002");
        Assert.That(await ReadAsync(text), Is.EqualTo((Blob.Code, "\u0001\u0002")));
        Assert.That(await ReadAsync(packed), Is.EqualTo((Blob.Code, "\u0001\u0002")));
    }

    [Test]
    public async Task What_arrived_inside_can_be_passed_on_as_it_is_where_the_encodings_agree()
    {
        InnerMessages? json = null, packed = null;
        var broker = Make(builder => builder
            .AddMessagePack().AddBinary(offered: false).AddMessage(Blob.Code, () => new Blob(), MediaTypes.Binary)
            .UsePipe(new Wrap { Seen = inner => _ = inner.Encoding == MediaTypes.Json ? json = inner : packed = inner }));
        var (_, first) = await JoinAsync(broker);
        await SendAsync(first, 10, Hello);
        var (_, second) = await JoinAsync(broker, accept: MediaTypes.MessagePack);
        await SendAsync(second, Blob.Code, "x");
        Assert.That(() => Volatile.Read(ref json) is not null && Volatile.Read(ref packed) is not null, Is.True.After(10_000, 1));

        var output = new ArrayBufferWriter<byte>();
        using var raw = RawMessage.Create(10, Encoding.UTF8.GetBytes(Hello), MediaTypes.Json);
        using var reserved = RawMessage.Create(1, default);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json!.EncodingOf(10), Is.EqualTo(MediaTypes.Json));
            Assert.That(packed!.EncodingOf(10), Is.EqualTo(MediaTypes.MessagePack));
            Assert.That(json.EncodingOf(Blob.Code), Is.EqualTo(MediaTypes.Binary).And.EqualTo(packed.EncodingOf(Blob.Code)));
            Assert.That(json.EncodingOf(4711), Is.EqualTo(MediaTypes.Json), "an unknown one may be passed on too");
            Assert.That(new uint[] { 0, 1, 10, Blob.Code, 4711, Code }.Select(json.IsKnown), Is.EqualTo(new[] { false, false, true, true, false, false }));
            Assert.That(() => json.Encode(raw, output), Throws.Nothing);
            Assert.That(() => packed.Encode(raw, output), Throws.TypeOf<GhmsInvalidEncodingException>());
            Assert.That(() => json.Encode(reserved, output), Throws.TypeOf<GhmsInvalidMessageCodeException>());
            Assert.That(() => json.Encode(new Wrapped(new Greeting("")), output), Throws.TypeOf<GhmsInvalidMessageCodeException>());
            Assert.That(() => json.Encode(new Uri("http://x/"), output), Throws.TypeOf<GhmsInvalidMessageCodeException>());
        }

        Assert.That(Encoding.Latin1.GetString(output.WrittenSpan), Is.EqualTo($"\0\0\0\u000A{Hello}"));
    }

    [TestCase(0u, "", CloseStatus.UnknownMessageCode)]
    [TestCase(1u, "", CloseStatus.UnknownMessageCode)]
    [TestCase(4711u, "", CloseStatus.UnknownMessageCode)]
    [TestCase(Code, "\0\0\0\u000A{}", CloseStatus.UnknownMessageCode)]
    [TestCase(10u, "{", CloseStatus.InvalidPayload)]
    public async Task What_cannot_be_inside_has_the_status_that_its_codec_says(uint code, string payload, CloseStatus status)
    {
        var broker = Make(builder => builder.UsePipe(new Wrap()));
        var (_, peer) = await JoinAsync(broker);
        await SendAsync(peer, code, payload);
        Assert.That((await peer.ReadCloseAsync()).Status, Is.EqualTo(status));
    }

    [Test]
    public async Task A_codec_s_own_verdict_stands()
    {
        var broker = Make(builder => builder.UsePipe(new Wrap()));
        var (_, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(Code, "xyz");
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(new CloseMessage(CloseStatus.ProtocolError, "Too short.")));
    }

    [Test]
    public async Task A_pipe_s_own_verdict_stands_whether_it_is_thrown_at_once_or_later([Values] bool later)
    {
        var broker = Make(builder => builder.UsePipe(new Refuse(later)));
        var (connection, peer) = await JoinAsync(broker);
        await peer.SendFrameAsync(10, Hello);
        Assert.That(await peer.ReadCloseAsync(), Is.EqualTo(new CloseMessage(CloseStatus.PolicyViolation, "No greetings.")));
        Assert.That(connection.End?.Cause, Is.EqualTo(ConnectionEndCause.ClosedHere));
    }

    [Test]
    public void A_verdict_that_no_Close_can_carry_is_not_made()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new GhmsProtocolException(CloseStatus.None, "x"), Throws.ArgumentException);
            Assert.That(() => new GhmsProtocolException(CloseStatus.ProtocolError, new string('x', 124)), Throws.ArgumentException);
        }
    }

    [Test]
    public void A_pipe_may_require_a_message_type() => Assert.That(
        () => Make(builder => builder.UsePipe(new Wrap { Requires = typeof(Uri) })),
        Throws.TypeOf<GhmsInvalidConfigException>().With.Message.Contains("System.Uri"));

    [Test]
    public void A_broker_finds_its_pipes_by_type_and_lends_them_its_clock()
    {
        var wrap = new Wrap();
        var broker = Make(builder => builder.UsePipe(wrap));
        Assert.That(broker.FindPipe<Wrap>(), Is.SameAs(wrap));
        Assert.That(broker.FindPipe<Note>(), Is.Null);
        Assert.That(wrap.Context.Time, Is.SameAs(Time));
    }

    private GhmsBroker Make(Action<GhmsTestBuilder> configure) => BuildJoined(builder =>
    {
        builder.AddJson().AddMessage<Greeting>();
        configure(builder);
    });

    private static Task SendAsync(RawPeer peer, uint code, string latin1)
    {
        var payload = new byte[4 + latin1.Length];
        BinaryPrimitives.WriteUInt32BigEndian(payload, code);
        Encoding.Latin1.GetBytes(latin1, payload.AsSpan(4));
        return peer.SendAsync(RawPeer.Frame(Code, payload));
    }

    private static async Task<(uint Code, string Latin1)> ReadAsync(RawPeer peer)
    {
        var frame = await peer.ReadFrameAsync();
        Assert.That(frame?.Code, Is.EqualTo(Code));
        return (BinaryPrimitives.ReadUInt32BigEndian(frame!.Value.Payload), Encoding.Latin1.GetString(frame.Value.Payload.AsSpan(4)));
    }

    private sealed record Wrapped(object Message);

    private sealed class WrappedCodec(Action<InnerMessages>? seen) : EnvelopeCodec<Wrapped>
    {
        public override void Encode(Wrapped envelope, InnerMessages inner, IBufferWriter<byte> output) => inner.Encode(envelope.Message, output);

        public override Wrapped Decode(in ReadOnlySequence<byte> payload, InnerMessages inner)
        {
            seen?.Invoke(inner);
            var reader = new SequenceReader<byte>(payload);
            return reader.TryReadBigEndian(out int code)
                ? new Wrapped(inner.Decode((uint)code, reader.UnreadSequence))
                : throw new GhmsProtocolException(CloseStatus.ProtocolError, "Too short.");
        }
    }

    /// <summary>Opens what arrives and sends its content back to everyone, wrapped again.</summary>
    private sealed class Wrap : GhmsPipe
    {
        private MessageHandler? _opened;
        private MessageSender? _wrapped;

        public Action<InnerMessages>? Seen { get; init; }

        public Type? Requires { get; init; }

        public PipeContext Context { get; private set; } = null!;

        protected internal override void Start(PipeContext context)
        {
            Context = context;
            _opened = context.ChainHandlers(AnswerAsync);
            _wrapped = context.ChainSenders(WrapAsync);
            context.AddMessage(MessageRegistration.CreateEnvelope(Code, new WrappedCodec(Seen), MessageKind.ImmediateExtension));
            if (Requires is not null)
            {
                context.RequireMessage(Requires);
            }
        }

        protected internal override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken) =>
            message is Wrapped wrapped
                ? _opened!(connection, wrapped.Message, cancellationToken)
                : next(connection, message, cancellationToken);

        private async ValueTask AnswerAsync(GhmsConnection connection, object message, CancellationToken cancellationToken) =>
            await _wrapped!(message, Recipients.All, cancellationToken);

        private ValueTask<int> WrapAsync(object message, Recipients recipients, CancellationToken cancellationToken) =>
            Context.SendAsync(new Wrapped(message), recipients, cancellationToken);
    }

    private sealed class Note(string name, ConcurrentQueue<string> steps) : GhmsPipe
    {
        protected internal override ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            steps.Enqueue($"{name} handles {message.GetType().Name}");
            return next(connection, message, cancellationToken);
        }

        protected internal override ValueTask<int> SendAsync(object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
        {
            steps.Enqueue($"{name} sends {message.GetType().Name}");
            return next(message, recipients, cancellationToken);
        }
    }

    private sealed class Refuse(bool later) : GhmsPipe
    {
        protected internal override async ValueTask HandleAsync(GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
        {
            if (later)
            {
                await Task.Yield();
            }

            throw new GhmsProtocolException(CloseStatus.PolicyViolation, "No greetings.");
        }
    }
}
