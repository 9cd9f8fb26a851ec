using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Server.Tests.Rooms;

/// <summary>Rooms by number, for servers and clients: what is said in one, everyone in it hears, whatever encodings they speak.</summary>
/// <remarks>It is written as any application could write it: this assembly sees no internals of the library.</remarks>
internal sealed class RoomPipe(Action<int, object>? heard = null) : GhmsPipe
{
    private const uint EnterCode = 0xFFFF_FF81;
    private const uint SaidCode = 0xFFFF_FF82;

    private readonly Dictionary<int, ImmutableArray<GhmsConnection>> _rooms = [];
    private PipeContext _context = null!;

    /// <summary>What nobody could be told, for want of a translation.</summary>
    public int Untold { get; private set; }

    public ValueTask<int> EnterAsync(int room) => _context.SendAsync(new Enter(room));

    /// <summary>Says something, through the pipes behind this one.</summary>
    public ValueTask<int> SayAsync(int room, object message) =>
        _context.ChainSenders((piped, recipients, ct) => _context.SendAsync(new Said(room) { Message = piped }, recipients, ct))(
            message, Recipients.All, CancellationToken.None);

    protected override void Start(PipeContext context)
    {
        _context = context;
        context.AddMessage(MessageRegistration.CreateEnvelope(EnterCode, new EnterCodec()));
        context.AddMessage(MessageRegistration.CreateEnvelope(SaidCode, new SaidCodec()));
    }

    protected override ValueTask HandleAsync(
        GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
    {
        switch (message)
        {
            case Enter enter:
                lock (_rooms)
                {
                    var members = _rooms.GetValueOrDefault(enter.Room, []);
                    _rooms[enter.Room] = members.Contains(connection) ? members : members.Add(connection);
                }

                return ValueTask.CompletedTask;
            case Said said when heard is null:
                return RelayAsync(said);
            case Said said:
                return _context.ChainHandlers((_, piped, _) =>
                {
                    heard(said.Room, piped);
                    return ValueTask.CompletedTask;
                })(connection, said.Message, cancellationToken);
            default:
                return next(connection, message, cancellationToken);
        }
    }

    protected override void OnDisconnected(GhmsConnection connection)
    {
        lock (_rooms)
        {
            foreach (var (room, members) in _rooms)
            {
                _rooms[room] = members.Remove(connection);
            }
        }
    }

    private async ValueTask RelayAsync(Said said)
    {
        ImmutableArray<GhmsConnection> members;
        lock (_rooms)
        {
            members = _rooms.GetValueOrDefault(said.Room, []);
        }

        try
        {
            await _context.SendAsync(said, Recipients.ExactlyEach(members));
        }
        catch (GhmsSendFailedException failed)
        {
            Untold += failed.Failures.Count;
        }
    }

    private sealed record Enter(int Room);

    private sealed record Said(int Room)
    {
        private object? _message;

        public uint Code { get; init; }

        public byte[]? Payload { get; init; }

        public InnerMessages? Source { get; init; }

        public object Message
        {
            get => _message ??= Source!.Decode(Code, new ReadOnlySequence<byte>(Payload!));
            init => _message = value;
        }
    }

    private sealed class EnterCodec : EnvelopeCodec<Enter>
    {
        public override void Encode(Enter envelope, InnerMessages inner, IBufferWriter<byte> output) => output.Write([(byte)envelope.Room]);

        public override Enter Decode(in ReadOnlySequence<byte> payload, InnerMessages inner) => payload.Length == 1
            ? new Enter(payload.FirstSpan[0])
            : throw new GhmsProtocolException(CloseStatus.ProtocolError, "A room's number is one byte.");
    }

    private sealed class SaidCodec : EnvelopeCodec<Said>
    {
        public override void Encode(Said envelope, InnerMessages inner, IBufferWriter<byte> output)
        {
            output.Write([(byte)envelope.Room]);
            if (envelope.Source?.EncodingOf(envelope.Code) != inner.EncodingOf(envelope.Code))
            {
                inner.Encode(envelope.Message, output);
                return;
            }

            BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(sizeof(uint)), envelope.Code);
            output.Advance(sizeof(uint));
            output.Write(envelope.Payload);
        }

        public override Said Decode(in ReadOnlySequence<byte> payload, InnerMessages inner)
        {
            var reader = new SequenceReader<byte>(payload);
            return reader.TryRead(out var room) && reader.TryReadBigEndian(out int code)
                ? new Said(room) { Code = (uint)code, Payload = reader.UnreadSequence.ToArray(), Source = inner }
                : throw new GhmsProtocolException(CloseStatus.ProtocolError, "It is too short to have been said.");
        }
    }
}
