using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>Runs works on every kind, round by round in turn, so that a change of the machine's mood meets them all.</summary>
internal static class Runner
{
    public static IReadOnlyList<Measured> Run(IEnumerable<Work> works, RunOptions options, CancellationToken cancellation)
    {
        (Work Work, string Kind)[] pairs =
        [
            .. from work in works
               from kind in options.Kinds
               where ServerKinds.Named(kind).Does(work)
               select (work, kind),
        ];
        var servers = new List<ServerProcess>();
        using CancellationTokenRegistration killing = cancellation.Register(() => servers.ForEach(server => server.Kill()));
        try
        {
            foreach ((Work work, string kind) in pairs)
            {
                cancellation.ThrowIfCancellationRequested();
                servers.Add(ServerProcess.Start(kind, work));
                Measure(servers[^1], work, options.WarmUp, options.Load);
            }

            var rounds = pairs.Select(_ => new List<Round>()).ToArray();
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int i = 0; i < pairs.Length; i++)
                {
                    rounds[i].Add(Measure(servers[i], pairs[i].Work, options.Duration, options.Load));
                }
            }

            return [.. pairs.Zip(rounds, (pair, its) => new Measured(pair.Work, pair.Kind, its))];
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
