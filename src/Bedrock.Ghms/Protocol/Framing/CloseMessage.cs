using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Bedrock.Ghms.Protocol.Framing;

/// <summary>The payload of a Close: a status and a reason (section 5 of the protocol).</summary>
/// <param name="Status">Why the connection ends.</param>
/// <param name="Reason">A text for people, at most 123 bytes of UTF-8. From a peer it is raw: escape it before it goes into a log.</param>
public readonly record struct CloseMessage(CloseStatus Status, string Reason)
{
    /// <summary>The largest payload of a Close in bytes: 125.</summary>
    public const int MaxSize = 125;

    /// <summary>The largest reason in bytes of UTF-8: 123.</summary>
    public const int MaxReasonSize = MaxSize - 2;

    /// <summary>The longest time that a Close can ask a peer to stay away: 99,999 seconds.</summary>
    public static readonly TimeSpan MaxRetryAfter = TimeSpan.FromSeconds(99_999);

    private const string RetryAfterPrefix = "retry-after=";

    /// <summary>When to come back, if the reason of a 1001 or 1013 begins with <c>retry-after=N;</c>.</summary>
    public TimeSpan? RetryAfter
    {
        get
        {
            if (Status is not (CloseStatus.GoingAway or CloseStatus.TryAgainLater) || Reason is null
                || !Reason.StartsWith(RetryAfterPrefix, StringComparison.Ordinal))
            {
                return null;
            }

            var digits = Reason.AsSpan(RetryAfterPrefix.Length);
            var end = digits.IndexOf(';');
            return end is >= 1 and <= 5 && int.TryParse(digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromSeconds(seconds)
                : null;
        }
    }

    /// <summary>The beginning of a reason that says when to come back, for a 1001 or 1013.</summary>
    /// <param name="time">Rounded up to whole seconds.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or longer than <see cref="MaxRetryAfter"/>.</exception>
    public static string ReasonToRetryAfter(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, MaxRetryAfter);
        return string.Create(CultureInfo.InvariantCulture, $"{RetryAfterPrefix}{Math.Ceiling(time.TotalSeconds)};");
    }

    /// <summary>Whether <paramref name="status"/> may stand in a Close: 1000 or more, but for 1005, 1006 and 1015.</summary>
    public static bool IsSendable(CloseStatus status) => (ushort)status is >= 1000 and not (1005 or 1006 or 1015);

    /// <summary>Reads the payload of a Close.</summary>
    /// <returns><see langword="false"/> when it breaks a rule of section 5, which is a protocol error.</returns>
    public static bool TryRead(in ReadOnlySequence<byte> payload, out CloseMessage message)
    {
        message = default;
        if (payload.Length is < 2 or > MaxSize)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[(int)payload.Length];
        payload.CopyTo(bytes);
        var status = (CloseStatus)BinaryPrimitives.ReadUInt16BigEndian(bytes);
        var reason = bytes[2..];
        if (!IsSendable(status) || !Utf8.IsValid(reason))
        {
            return false;
        }

        message = new CloseMessage(status, Encoding.UTF8.GetString(reason));
        return true;
    }

    /// <summary>Writes the whole frame, header included, to <paramref name="output"/> in one advance.</summary>
    /// <exception cref="ArgumentException">The status may not be sent, or the reason is longer than 123 bytes or not well-formed UTF-16.</exception>
    public void Write(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Validate();
        var span = output.GetSpan(FrameHeader.Size + MaxSize);
        BinaryPrimitives.WriteUInt16BigEndian(span[FrameHeader.Size..], (ushort)Status);
        var size = 2 + Encoding.UTF8.GetBytes(Reason, span[(FrameHeader.Size + 2)..]);
        new FrameHeader(Ghms.CloseCode, (uint)size).Write(span);
        output.Advance(FrameHeader.Size + size);
    }

    /// <summary>Checks that this Close may be sent.</summary>
    /// <exception cref="ArgumentException">The status may not be sent, or the reason is longer than 123 bytes or not well-formed UTF-16.</exception>
    public void Validate()
    {
        if (!IsSendable(Status))
        {
            throw new ArgumentException($"A Close cannot carry the status {(ushort)Status}.");
        }

        if (Encoding.UTF8.GetByteCount(Reason) > MaxReasonSize)
        {
            throw new ArgumentException($"The reason of a Close is at most {MaxReasonSize} bytes of UTF-8.");
        }

        for (var i = 0; i < Reason.Length; i++)
        {
            if (char.IsSurrogate(Reason[i]) && (!char.IsSurrogatePair(Reason, i++)))
            {
                throw new ArgumentException("The reason of a Close holds half a surrogate pair.");
            }
        }
    }
}
