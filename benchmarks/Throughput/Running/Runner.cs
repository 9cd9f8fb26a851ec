using Bedrock.Ghms.Throughput.Kinds;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>Runs works on every kind, round by round in turn, so that a change of the machine's mood meets them all.</summary>
internal static class Runner
{
    public static IReadOnlyList<Measured> Run(IEnumerable<Work> works, RunOptions options, CancellationToken cancellation)
    {
        Contestant[] contestants =
        [
            .. from work in works
               from kind in options.Kinds.Select(ServerKinds.Named)
               where kind.Does(work)
               select Contestant.Create(kind, work, options),
        ];
        using CancellationTokenRegistration killing = cancellation.Register(
            () => Array.ForEach(contestants, contestant => contestant.Kill()));
        try
        {
            foreach (Contestant contestant in contestants)
            {
                cancellation.ThrowIfCancellationRequested();
                contestant.WarmUp();
            }

            var rounds = contestants.Select(_ => new List<Round>()).ToArray();
            for (int round = 0; round < options.Rounds; round++)
            {
                foreach ((Contestant contestant, List<Round> its) in contestants.Zip(rounds))
                {
                    cancellation.ThrowIfCancellationRequested();
                    its.Add(contestant.Measure());
                }
            }

            return [.. contestants.Zip(rounds, (contestant, its) => new Measured(contestant.Work, contestant.Kind, its))];
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // Whatever failed, failed because the servers were killed.
            throw new OperationCanceledException(cancellation);
        }
        finally
        {
            Array.ForEach(contestants, contestant => contestant.Dispose());
        }
    }
}
