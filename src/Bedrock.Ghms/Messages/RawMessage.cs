using System.Buffers;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Messages;

/// <summary>A message that nobody decoded: its code and its payload as they came over the wire. What a relay works with.</summary>
/// <remarks>
/// The payload lives in pooled memory and is reference-counted. A received raw message is released when its handler has
/// finished: call <see cref="Retain"/> to keep it longer and <see cref="Dispose"/> once for each retain. One that the application
/// creates starts with one reference of its own. Sending does not consume a reference.
/// </remarks>
public sealed class RawMessage : IDisposable
{
    private readonly FrameBuffer _frame;
    private int _references = 1;

    internal RawMessage(FrameBuffer frame, string? encoding)
    {
        _frame = frame;
        Encoding = encoding;
        Code = frame.Code;
    }

    /// <summary>The message code.</summary>
    public uint Code { get; }

    /// <summary>The media type the payload is in, or <see langword="null"/> when it may go to a connection of any encoding.</summary>
    public string? Encoding { get; }

    /// <summary>The payload; its memory is valid while a reference is held.</summary>
    /// <exception cref="ObjectDisposedException">No reference is left.</exception>
    public ReadOnlyMemory<byte> Payload => Frame.Payload;

    /// <summary>The finished frame; whoever queues it retains it.</summary>
    internal FrameBuffer Frame
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _references) <= 0, this);
            return _frame;
        }
    }

    /// <summary>Creates a raw message from a copy of <paramref name="payload"/>. Dispose it after it was sent.</summary>
    /// <param name="code">The message code.</param>
    /// <param name="payload">The encoded payload.</param>
    /// <param name="encoding">The media type the payload is in: it then goes only to connections of that encoding. <see langword="null"/> sends it to any.</param>
    public static RawMessage Create(uint code, ReadOnlyMemory<byte> payload, string? encoding = null) =>
        new(FrameBuffer.Copy(code, new ReadOnlySequence<byte>(payload)), encoding);

    /// <summary>Adds a reference, to be given back with <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The last reference is gone already.</exception>
    public void Retain()
    {
        if (Interlocked.Increment(ref _references) <= 1)
        {
            Interlocked.Decrement(ref _references);
            throw new ObjectDisposedException(nameof(RawMessage));
        }
    }

    /// <summary>Gives one reference back; the last one returns the payload's memory to its pool.</summary>
    /// <exception cref="ObjectDisposedException">There was no reference left.</exception>
    public void Dispose()
    {
        var left = Interlocked.Decrement(ref _references);
        ObjectDisposedException.ThrowIf(left < 0, this);
        if (left == 0)
        {
            _frame.Release();
        }
    }
}
