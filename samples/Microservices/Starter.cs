using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Microservices;

/// <summary>Runs a day: starts the services, kills stock while orders come in, starts it again, and stops everything when the dashboard has done its accounts.</summary>
internal static class Starter
{
    private const int Interrupted = 130;

    /// <returns>The exit code: 0 if nothing was lost.</returns>
    public static async Task<int> RunAsync()
    {
        using var interrupted = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        var folder = Directory.CreateTempSubdirectory("shop-");
        List<Child> running = [];
        var exitCode = 1;
        try
        {
            exitCode = await RunDayAsync(folder.FullName, running, interrupted.Token);
        }
        catch (OperationCanceledException)
        {
            exitCode = Interrupted;
        }
        finally
        {
            // Whoever asks goes before whoever is asked.
            foreach (var child in running)
            {
                using (child)
                {
                    var stopped = await child.StopAsync();
                    exitCode = exitCode == 0 ? stopped : exitCode;
                }
            }

            folder.Delete(recursive: true);
        }

        return exitCode;

        void OnSignal(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupted.Cancel();
        }
    }

    private static async Task<int> RunDayAsync(string folder, List<Child> running, CancellationToken cancellationToken)
    {
        var stockPort = FreePort();
        var ordersPort = FreePort();
        var stockSettings = new Dictionary<string, string>
        {
            ["Port"] = $"{stockPort}",
            ["Journal"] = Path.Combine(folder, "stock.journal"),
        };
        var stock = new Child("stock", stockSettings);
        var orders = new Child(
            "orders",
            new()
            {
                ["Port"] = $"{ordersPort}",
                ["Ghms__Clients__StockClient__Servers"] = $"http://127.0.0.1:{stockPort}/",
            },
            awaited: "50 orders are confirmed");

        // A dashboard that shows levels is subscribed to them, and will miss them.
        var dashboard = new Child(
            "dashboard",
            new()
            {
                ["Ghms__Clients__Stock__Servers"] = $"http://127.0.0.1:{stockPort}/",
                ["Ghms__Clients__Orders__Servers"] = $"http://127.0.0.1:{ordersPort}/",
            },
            awaited: " tea");
        running.AddRange([orders, dashboard, stock]);

        if (!await TryWaitAsync(Task.WhenAll(orders.HasSaid, dashboard.HasSaid)))
        {
            return 1;
        }

        Say("kills stock.");
        running.Remove(stock);
        stock.Kill();
        await stock.Ended;
        stock.Dispose();
        Say("starts stock again.");
        running.Add(new Child("stock", stockSettings));
        return await TryWaitAsync(dashboard.Ended) ? await dashboard.Ended : 1;

        // No service ends by itself but the one that is waited for.
        async Task<bool> TryWaitAsync(Task awaited)
        {
            var first = await Task.WhenAny([awaited, .. running.Select(child => child.Ended)]).WaitAsync(cancellationToken);
            if (first == awaited)
            {
                return true;
            }

            var ended = running.First(child => child.Ended == first);
            await Console.Error.WriteLineAsync($"The service {ended} has ended with {await ended.Ended}.");
            return false;
        }
    }

    private static void Say(string what) => Console.WriteLine($"{"starter",-9} | {what}");

    // Below those that systems take by themselves, so that nobody else gets it while stock is away.
    private static int FreePort()
    {
        while (true)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(20_000, 30_000));
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Somebody has it; another one, then.
            }
        }
    }
}
