using System.Buffers;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>
/// Reads the head of an upgrade request (RFC 9112 §2 to §5) and refuses one that is malformed or too large: a request line of at most
/// 8,192 bytes, field lines of at most 32,768 bytes and 100 fields. It allocates nothing, and its work grows with the number of bytes only.
/// </summary>
/// <remarks>For one connection at a time; not safe for concurrent use. It holds a pooled buffer while a head is incomplete.</remarks>
public sealed class UpgradeRequestParser : IDisposable
{
    private HeadAssembler<RequestLine> _assembler;

    /// <summary>Why the head was refused; <see cref="UpgradeRejection.None"/> while it was not.</summary>
    public UpgradeRejection Rejection => _assembler.Fault switch
    {
        HeadFault.None => UpgradeRejection.None,
        HeadFault.BareLineEnd => UpgradeRejection.BareLineEnd,
        HeadFault.BadTarget => UpgradeRejection.BadTarget,
        HeadFault.StartLineTooLong => UpgradeRejection.RequestLineTooLong,
        HeadFault.BadFieldLine => UpgradeRejection.BadFieldLine,
        HeadFault.FieldsTooLarge => UpgradeRejection.FieldsTooLarge,
        HeadFault.TooManyFields => UpgradeRejection.TooManyFields,
        _ => UpgradeRejection.BadRequestLine,
    };

    /// <summary>Whether any byte has arrived: what tells a request that is too slow (408) from a connection nobody used.</summary>
    public bool AnyByte => _assembler.AnyByte;

    /// <summary>Whether the method is known to be HEAD, even if the rest was refused; the response then has no body.</summary>
    public bool IsHeadRequest => _assembler.StartLine.IsHead;

    /// <summary>The request, once <see cref="Parse"/> has returned <see cref="UpgradeParseStatus.Complete"/>.</summary>
    /// <exception cref="InvalidOperationException">The head is not complete.</exception>
    public UpgradeRequestHead Head => _assembler.Status == UpgradeParseStatus.Complete
        ? new(_assembler.Head, _assembler.StartLine, _assembler.FieldsOffset)
        : throw new InvalidOperationException("The head is not complete.");

    /// <summary>Goes on with the bytes that follow those already consumed. Never throws, whatever the bytes.</summary>
    /// <param name="input">What has arrived.</param>
    /// <param name="consumed">
    /// After <see cref="UpgradeParseStatus.Complete"/> the first byte behind the blank line; otherwise the end of <paramref name="input"/>.
    /// Do not advance the pipe while <see cref="Head"/> is in use: it may point into <paramref name="input"/>.
    /// </param>
    /// <returns>How far the parser has come. Once that is not <see cref="UpgradeParseStatus.NeedMore"/>, further calls repeat it and consume nothing.</returns>
    public UpgradeParseStatus Parse(in ReadOnlySequence<byte> input, out SequencePosition consumed) => _assembler.Parse(input, out consumed);

    /// <summary>Makes the parser ready for another connection and gives its buffer back.</summary>
    public void Reset() => _assembler.Reset();

    /// <summary>Gives the buffer back; <see cref="Head"/> must not be used any more.</summary>
    public void Dispose() => _assembler.Reset();
}
