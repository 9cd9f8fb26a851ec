using Bedrock.Ghms.Throughput;
using Bedrock.Ghms.Throughput.Kinds;
using Bedrock.Ghms.Throughput.Load;
using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Baseline.Tests.Throughput;

/// <summary>Each server really does what it is measured at, to the byte.</summary>
[CancelAfter(60_000)]
internal sealed class ServerKindTests
{
    private static readonly LoadOptions Options = new(Connections: 2, InFlight: 64, Subscribers: 3, Window: 16, Idle: 5, Many: 20);

    private static IEnumerable<TestCaseData> Loads() =>
        from kind in ServerKinds.All
        where kind.Missing is null
        from work in Enum.GetValues<Work>()
        where kind.Does(work) && work is not (Work.Idle or Work.Growth)
        select new TestCaseData(kind.Name, work);

    [TestCaseSource(nameof(Loads))]
    public async Task What_is_sent_is_handled_and_answered_as_it_should(string name, Work work)
    {
        IServerKind kind = ServerKinds.Named(name);
        await using IServer server = await kind.StartAsync(work, port: 0, TestContext.CurrentContext.CancellationToken);
        using var driver = LoadDriver.Connect(kind.Wire, work, server.EndPoint, Options);
        Usage before = await server.SpentAsync();
        Outcome outcome = driver.Run(TimeSpan.FromMilliseconds(20));
        Usage spent = await server.SpentAsync() - before;
        Assert.That(spent.Handled ?? outcome.Sent, Is.EqualTo(outcome.Sent).And.GreaterThan(0));
        Assert.That(outcome.Messages, Is.EqualTo(work switch
        {
            Work.OneWay => outcome.Sent - Options.Connections,
            Work.WideFanOut => outcome.Sent * ((10 * Options.Subscribers) + 1),
            _ when work.IsFanOut => outcome.Sent * (Options.Subscribers + 1),
            _ => outcome.Sent,
        }));
    }

    private static IEnumerable<string> Idlers() =>
        from kind in ServerKinds.All where kind.Missing is null && kind.Does(Work.Idle) select kind.Name;

    [TestCaseSource(nameof(Idlers))]
    public async Task Idle_connections_hear_from_the_server_and_end_in_order(string name)
    {
        IServerKind kind = ServerKinds.Named(name);
        await using IServer server = await kind.StartAsync(Work.Idle, port: 0, TestContext.CurrentContext.CancellationToken);
        using var driver = new IdleDriver(kind.Wire, server.EndPoint, connections: 5);
        Outcome outcome = driver.Run(TimeSpan.Zero);
        Assert.That(outcome.Messages, Is.Zero);
        Assert.That(driver.Close, Throws.Nothing);
    }

    [Test]
    public async Task A_server_that_answers_no_requests_is_noticed()
    {
        IServerKind kind = ServerKinds.Named("ghms");
        await using IServer server = await kind.StartAsync(Work.Echo, port: 0, TestContext.CurrentContext.CancellationToken);
        using var driver = LoadDriver.Connect(kind.Wire, Work.Request, server.EndPoint, Options);
        Assert.That(() => driver.Run(TimeSpan.FromMilliseconds(20)), Throws.Exception);
    }
}
