namespace Bedrock.Ghms.Broker.Timing;

/// <summary>Something that looks at the clock from time to time.</summary>
internal interface ITicked
{
    /// <summary>Called on the shared timer; it must not block, and it must not throw.</summary>
    /// <param name="now">A timestamp of the ticker's clock.</param>
    void Tick(long now);
}
