using System.Collections.Concurrent;
using System.Net;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.MessagePack;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Owns the servers of a test. After each test all are stopped, and none may have logged an error that was not provoked.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal abstract class ServerFixture
{
    private readonly List<WebApplication> _apps = [];
    private readonly ConcurrentQueue<Exception> _lost = [];

    /// <summary>Everything that was logged at <see cref="LogLevel.Debug"/> or above.</summary>
    protected MemoryLog Log { get; } = new();

    /// <summary>Set by tests whose handlers fail on purpose.</summary>
    protected bool HandlersFail { get; set; }

    /// <summary>Set by tests whose checks of requests fail on purpose.</summary>
    protected bool ChecksFail { get; set; }

    /// <summary>Set by tests whose server fails on purpose, to answer a request or a health check.</summary>
    protected bool ErrorsAreProvoked { get; set; }

    private bool StartFails { get; set; }

    [SetUp]
    public void Begin() => TaskScheduler.UnobservedTaskException += OnLost;

    [TearDown]
    public async Task EndAsync()
    {
        foreach (var app in _apps)
        {
            await app.StopAsync().WaitAsync(Patience.Long);
            await app.DisposeAsync().AsTask().WaitAsync(Patience.Long);
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        TaskScheduler.UnobservedTaskException -= OnLost;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Log.Records.Where(record => record.Level >= LogLevel.Error && !IsExpected(record)),
                Is.Empty,
                "An error was logged.");
            Assert.That(_lost, Is.Empty, "An exception was lost.");
        }
    }

    /// <summary>A server whose one broker, set up by <paramref name="configure"/>, takes every path. It is stopped after the test.</summary>
    protected Task<WebApplication> StartAsync(Action<GhmsServerBuilder> configure, Action<GhmsBrokerOptions>? options = null) =>
        StartAsync(services => configure(services.AddGhms(options)), listen => listen.UseConnectionHandler<GhmsHandler>());

    /// <summary>A server on the loopback interface, on a free port unless told otherwise, that is stopped after the test.</summary>
    protected async Task<WebApplication> StartAsync(
        Action<IServiceCollection> services, Action<ListenOptions> listen, Action<WebApplication>? map = null, int port = 0)
    {
        var app = Build(services, listen, map, port);
        await app.StartAsync().WaitAsync(Patience.Long);
        return app;
    }

    /// <summary>A server whose one broker is mapped at every path of a web application. It is stopped after the test.</summary>
    protected Task<WebApplication> StartMappedAsync(
        Action<GhmsServerBuilder> configure, Action<GhmsBrokerOptions>? options = null, Action<WebApplication>? map = null) =>
        StartAsync(services => configure(services.AddGhms(options)), _ => { }, map ?? (app => app.MapGhms("/{**path}")));

    protected WebApplication Build(Action<IServiceCollection> services, Action<ListenOptions> listen, Action<WebApplication>? map = null, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Log).SetMinimumLevel(LogLevel.Debug);
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        services(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen));
        var app = builder.Build();
        _apps.Add(app);
        map?.Invoke(app);
        return app;
    }

    /// <summary>What the EchoServer registers.</summary>
    protected static void Echo(GhmsServerBuilder builder) => builder
        .AddJson()
        .AddMessagePack()
        .AddMessage<Message>(code: 10)
        .AddMessage<Blob>(code: 11)
        .AddMessage<Announcement>(code: 12)
        .AddMessage<Failure>(code: 13)
        .Handle<Message>(async (connection, message, ct) => await connection.SendAsync(message, ct))
        .Handle<Blob>(async (connection, blob, ct) => await connection.SendAsync(blob, ct))
        .Handle<Announcement>(async (connection, announcement, ct) => await connection.Broker.SendAsync(announcement, ct))
        .Handle<Failure>((_, failure, _) => throw new InvalidOperationException(failure.Word));

    /// <summary><see cref="Echo"/> on a clock that stands still: however long a test is held up, no time runs out and nobody has been silent for too long.</summary>
    protected static void TimelessEcho(GhmsServerBuilder builder)
    {
        Echo(builder);
        builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider());
    }

    protected static GhmsBroker BrokerOf(WebApplication app) => app.Services.GetRequiredService<GhmsBroker>();

    protected static int PortOf(WebApplication app) => new Uri(app.Urls.Single()).Port;

    protected static Uri UriOf(WebApplication app) => new(app.Urls.Single());

    /// <summary>Lets the brokers' clock run until <paramref name="task"/> is done.</summary>
    protected static async Task AdvanceUntilAsync(FakeTimeProvider time, Task task)
    {
        using var patience = new CancellationTokenSource(Patience.Long);
        while (!task.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await task;
    }

    /// <summary>Said by tests whose server does not start on purpose: the host logs that.</summary>
    protected void ErrorsAreExpected() => StartFails = true;

    private bool IsExpected(LogRecord record) =>
        (HandlersFail && record.Event.Name == "HandlerFailed")
        || (ErrorsAreProvoked && record.Event.Name is ("ApplicationError" or "HealthCheckEnd"))
        || (ChecksFail && record.Event.Name == "AdmissionFailed")
        || (ErrorsAreProvoked && record.Event.Name == "HostedClientGaveUp")
        || (StartFails && record.Event.Name == "HostedServiceStartupFaulted");

    private void OnLost(object? sender, UnobservedTaskExceptionEventArgs e) => _lost.Enqueue(e.Exception);
}
