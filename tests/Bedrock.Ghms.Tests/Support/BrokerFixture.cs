using System.Collections.Concurrent;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Framing;
using Bedrock.Ghms.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>
/// Owns the brokers of a test. After each test nothing may be left: no frame outstanding, no exception lost, and no error logged
/// that the test has not expected.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal abstract class BrokerFixture
{
    private readonly List<GhmsBroker> _brokers = [];
    private readonly ConcurrentQueue<Exception> _lost = [];
    private int _outstandingBefore;

    protected FakeTimeProvider Time { get; } = new();

    protected TestServices Services { get; private set; } = null!;

    /// <summary>Set by tests that make the broker log errors on purpose.</summary>
    protected bool ExpectsErrors { get; set; }

    [SetUp]
    public void Begin()
    {
        Services = new TestServices(Time);
        _outstandingBefore = FrameBuffer.Outstanding;
        TaskScheduler.UnobservedTaskException += OnLost;
    }

    [TearDown]
    public async Task EndAsync()
    {
        foreach (var broker in _brokers)
        {
            // The clock stands still in tests, so endings that wait for it must be helped along.
            var disposed = broker.DisposeAsync().AsTask();
            while (!disposed.IsCompleted)
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            await disposed;
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        TaskScheduler.UnobservedTaskException -= OnLost;
        using (Assert.EnterMultipleScope())
        {
            // A thread that is about its last business when its connection breaks lets go of its frames in its own time.
            Assert.That(() => FrameBuffer.Outstanding, Is.EqualTo(_outstandingBefore).After(10_000, 1), "Frames were not released.");
            Assert.That(_lost, Is.Empty, "An exception was lost.");
            Assert.That(ExpectsErrors ? [] : Services.Log.Where(record => record.Level >= LogLevel.Error), Is.Empty, "An error was logged.");
        }
    }

    /// <summary>Builds a broker that is disposed after the test.</summary>
    protected GhmsBroker Build(Action<GhmsTestBuilder> configure)
    {
        var builder = new GhmsTestBuilder();
        configure(builder);
        return Own(builder.Build(Services));
    }

    /// <summary>Sees to it that a broker is disposed after the test.</summary>
    protected GhmsBroker Own(GhmsBroker broker)
    {
        _brokers.Add(broker);
        return broker;
    }

    /// <summary>Opens a connection to <paramref name="broker"/> and upgrades it, raw.</summary>
    protected static async Task<RawPeer> ConnectAsync(GhmsBroker broker, InMemoryOptions? options = null, string accept = "application/json", string fields = "")
    {
        var peer = new RawPeer(new InMemoryServer(broker, options).Connect());
        Assert.That(await peer.UpgradeAsync(accept, fields), Does.StartWith("HTTP/1.1 101 "));
        return peer;
    }

    private void OnLost(object? sender, UnobservedTaskExceptionEventArgs e) => _lost.Enqueue(e.Exception);
}
