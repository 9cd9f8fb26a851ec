using Bedrock.Ghms.Throughput.Kinds;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>Runs works on every kind, round by round in turn, so that a change of the machine's mood meets them all.</summary>
/// <remarks>A kind that fails at a work is left out of it and named; the others go on.</remarks>
internal sealed class Runner(RunOptions options, CancellationToken cancellation)
{
    private readonly List<string> _failures = [];

    /// <summary>What went wrong, in a line each.</summary>
    public IReadOnlyList<string> Failures => _failures;

    public IReadOnlyList<Measured> Run(IEnumerable<Work> works)
    {
        Contestant[] all =
        [
            .. from work in works
               from kind in options.Kinds.Select(ServerKinds.Named)
               where kind.Does(work)
               select Contestant.Create(kind, work, options),
        ];
        using CancellationTokenRegistration killing = cancellation.Register(() => Array.ForEach(all, each => each.Kill()));
        try
        {
            List<Contestant> able = [.. all];
            able.RemoveAll(contestant => !Tries(contestant, contestant.WarmUp));

            var rounds = all.ToDictionary(contestant => contestant, _ => new List<Round>());
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int turn = 0; turn < all.Max(contestant => contestant.Work.Turns); turn++)
                {
                    able.RemoveAll(contestant =>
                        turn < contestant.Work.Turns && !Tries(contestant, () => rounds[contestant].Add(contestant.Measure())));
                }
            }

            return [.. able.Select(contestant => new Measured(contestant.Work, contestant.Kind, rounds[contestant]))];
        }
        finally
        {
            Array.ForEach(all, contestant => contestant.Dispose());
        }
    }

    private bool Tries(Contestant contestant, Action action)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            action();
            return true;
        }
        catch (Exception failure)
        {
            // Once the servers have been killed, whatever fails fails because of that.
            cancellation.ThrowIfCancellationRequested();
            contestant.Dispose();
            _failures.Add($"{contestant.Kind} failed at {contestant.Work}: {failure.GetBaseException().Message}");
            return false;
        }
    }
}
