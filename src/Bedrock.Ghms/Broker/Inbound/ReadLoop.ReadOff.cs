using Bedrock.Ghms.Broker.Timing;

namespace Bedrock.Ghms.Broker.Inbound;

internal sealed partial class ReadLoop
{
    /// <summary>Discards what still arrives after this side's Close, until the peer's FIN or until it has been quiet.</summary>
    /// <param name="flushed">Completes when the Close has been handed to the transport.</param>
    public async Task ReadOffAsync(Task flushed)
    {
        _lookAhead.Clear();
        await InputDrain.RunAsync(_input, _broker.Ticker, flushed, _isMidFrame, InputDrain.UpgradedBytes).ConfigureAwait(false);
        IsInputOver = true;
    }
}
