namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>Counts and checks what one connection receives.</summary>
internal interface IMessageCounter
{
    /// <summary>How many messages have come whole since the last <see cref="Expect"/>.</summary>
    long Count { get; }

    /// <summary>Says what is to come from here on.</summary>
    void Expect(FrameRing ring);

    void Add(ReadOnlySpan<byte> received);

    /// <summary>Whether the server takes these frames now; if so they count as sent.</summary>
    bool TakesMore(int frames, int bytes) => true;
}
