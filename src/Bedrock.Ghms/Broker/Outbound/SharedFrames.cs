using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Broker.Outbound;

/// <summary>One message as each encoding writes it, encoded when the first recipient needs it and never again, also where that fails (W12).</summary>
internal struct SharedFrames : IDisposable
{
    private readonly GhmsBroker _broker;
    private readonly object _message;
    private readonly RawMessage? _raw;
    private readonly MessageType? _type;
    private readonly FrameBuffer?[] _frames;
    private Dictionary<int, Exception>? _errors;

    /// <exception cref="GhmsInvalidMessageCodeException">The message's type is not registered.</exception>
    public SharedFrames(GhmsBroker broker, object message)
    {
        _broker = broker;
        _message = message;
        _raw = message as RawMessage;
        _type = _raw is null ? broker.Registry.Find(message.GetType()) : null;
        Rule = _type is null ? null : broker.Registry.OverflowOf(_type, message);
        Key = Rule?.KeyOf(message);
        _frames = ArrayPool<FrameBuffer?>.Shared.Rent(broker.Registry.Encodings.Count);
    }

    /// <summary>Whether the message may be dropped.</summary>
    public OverflowRule? Rule { get; }

    /// <summary>What a message under a conflating rule is about.</summary>
    public object? Key { get; }

    /// <summary>The frame in the encoding of <paramref name="recipient"/>, checked to be one that it accepts.</summary>
    /// <exception cref="Exception">The encoding failed, or the recipient does not accept the frame.</exception>
    public FrameBuffer FrameFor(GhmsConnection recipient)
    {
        var frame = _raw?.Frame ?? FrameFor(_type!.OrdinalFor(recipient.EncodingOrdinal));
        recipient.CheckFrame(frame, _raw?.Encoding);
        return frame;
    }

    /// <summary>As <see cref="FrameFor(GhmsConnection)"/>, for whoever has another way if there is none.</summary>
    public bool TryFrameFor(GhmsConnection recipient, [NotNullWhen(true)] out FrameBuffer? frame)
    {
        try
        {
            frame = FrameFor(recipient);
            return true;
        }
        catch (Exception)
        {
            frame = null;
            return false;
        }
    }

    public readonly void Dispose()
    {
        foreach (ref var frame in _frames.AsSpan(0, _broker.Registry.Encodings.Count))
        {
            frame?.Release();
            frame = null;
        }

        ArrayPool<FrameBuffer?>.Shared.Return(_frames);
    }

    private FrameBuffer FrameFor(int ordinal)
    {
        if (_frames[ordinal] is { } frame)
        {
            return frame;
        }

        if (_errors is not null && _errors.TryGetValue(ordinal, out var error))
        {
            ExceptionDispatchInfo.Throw(error);
        }

        try
        {
            return _frames[ordinal] = FrameEncoder.Encode(
                _type!, ordinal, _message, _broker.Options.MaxMessageSize, _broker.Options.SendBufferSize);
        }
        catch (Exception exception)
        {
            (_errors ??= []).Add(ordinal, exception);
            throw;
        }
    }
}
