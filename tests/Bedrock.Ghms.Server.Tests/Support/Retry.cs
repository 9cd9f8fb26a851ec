namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>For what a server does a moment after its peer has seen the cause.</summary>
internal static class Retry
{
    /// <summary>Upgrades, asking again for as long as the answer is 503.</summary>
    public static async Task<WirePeer> UpgradeAsync(int port)
    {
        using var patience = new CancellationTokenSource(Patience.Long);
        while (true)
        {
            var peer = await WirePeer.ConnectAsync(port);
            await peer.SendAsync(WirePeer.Request());
            var response = await peer.ReadResponseAsync();
            if (response.Status == 101)
            {
                return peer;
            }

            peer.Dispose();
            if (response.Status != 503 || patience.IsCancellationRequested)
            {
                throw new InvalidDataException($"101 was expected, not {response.Status}.");
            }
        }
    }
}
