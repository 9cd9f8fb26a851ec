using Bedrock.Ghms;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Protocol.Framing;

namespace Microservices;

/// <summary>How orders asks stock: patiently, and again when it does not know whether it was heard.</summary>
internal sealed class StockClient
{
    private readonly GhmsClient _client;
    private int _waiting;

    public StockClient(GhmsClient client)
    {
        _client = client;
        client.StateChanged += (_, change) => OnStateChanged(change);
    }

    /// <summary>Completes when stock has it in its books, however often stock goes away meanwhile.</summary>
    public async Task ReserveAsync(Reserve reserve, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_client.State != GhmsClientState.Connected)
            {
                Interlocked.Increment(ref _waiting);
            }

            try
            {
                await _client.RequestAsync<Reserved>(reserve, cancellationToken);
                return;
            }
            catch (GhmsRequestException lost) when (lost.Status == CloseStatus.GoingAway)
            {
                Console.WriteLine($"Order {reserve.Order} was open: stock {(lost.MayHaveBeenReceived ? "may have" : "has not")} heard of it, and is asked again.");
            }
            catch (TimeoutException)
            {
                Console.WriteLine($"Order {reserve.Order} has waited for stock in vain, and goes on waiting.");
            }
        }
    }

    private void OnStateChanged(GhmsClientStateChange change)
    {
        if (change.New == GhmsClientState.Connected)
        {
            Console.WriteLine($"Stock is there; {Interlocked.Exchange(ref _waiting, 0)} requests have waited for it.");
        }
        else if (change.Old == GhmsClientState.Connected && change.New != GhmsClientState.Closed)
        {
            Console.WriteLine($"Stock is gone: {change.Cause?.Message}");
        }
    }
}
