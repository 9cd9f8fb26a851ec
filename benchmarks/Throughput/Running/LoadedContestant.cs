using System.Net;
using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>One server, which is loaded anew in each turn of a round.</summary>
internal class LoadedContestant(IServerKind kind, Work work, RunOptions options) : Contestant(kind, work, options)
{
    public override void WarmUp()
    {
        if (Options.WarmUp > TimeSpan.Zero)
        {
            Measure(Options.WarmUp);
        }
    }

    public override Round Measure() => Measure(Options.Duration / Work.Turns);

    protected virtual Round Measure(TimeSpan duration) =>
        Measure(duration, server => LoadDriver.Connect(Wire, Work, server, Options.Load));

    protected Round Measure(TimeSpan duration, Func<IPEndPoint, LoadDriver> connect)
    {
        using LoadDriver driver = connect(Server.EndPoint);
        Usage before = Server.Spent();
        Outcome outcome = driver.Run(duration);
        Usage spent = Server.Spent() - before;
        return (spent.Handled ?? outcome.Sent) == outcome.Sent
            ? Round.From(outcome, spent)
            : throw new InvalidDataException($"'{Kind}' handled {spent.Handled} messages of {outcome.Sent}.");
    }
}
