using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>Runs one work on every kind, round by round in turn, so that a change of the machine's mood meets them all.</summary>
internal static class Runner
{
    public static IReadOnlyList<Measured> Run(Work work, RunOptions options, CancellationToken cancellation)
    {
        string[] kinds = [.. options.Kinds.Where(kind => ServerKinds.Named(kind).Does(work))];
        var servers = new List<ServerProcess>();
        using CancellationTokenRegistration killing = cancellation.Register(() => servers.ForEach(server => server.Kill()));
        try
        {
            foreach (string kind in kinds)
            {
                cancellation.ThrowIfCancellationRequested();
                servers.Add(ServerProcess.Start(kind, work));
                Measure(servers[^1], work, options.WarmUp, options.Load);
            }

            var rounds = kinds.Select(_ => new List<Round>()).ToArray();
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int i = 0; i < kinds.Length; i++)
                {
                    rounds[i].Add(Measure(servers[i], work, options.Duration, options.Load));
                }
            }

            return [.. kinds.Zip(rounds, (kind, its) => new Measured(work, kind, its))];
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // Whatever failed, failed because the servers were killed.
            throw new OperationCanceledException(cancellation);
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    private static Round Measure(ServerProcess server, Work work, TimeSpan duration, LoadOptions options)
    {
        using var driver = LoadDriver.Connect(work, server.EndPoint, options);
        Usage before = server.Usage();
        Outcome outcome = driver.Run(duration);
        Usage spent = server.Usage() - before;
        return spent.Handled == outcome.Sent
            ? Round.From(outcome, spent)
            : throw new InvalidDataException($"The server handled {spent.Handled} messages of {outcome.Sent}.");
    }
}
