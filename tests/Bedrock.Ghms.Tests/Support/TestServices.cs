using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>What a broker under test asks for: a clock, and a log that the test can read.</summary>
internal sealed class TestServices(TimeProvider? time = null) : IServiceProvider, ILoggerFactory, ILogger
{
    public ConcurrentQueue<LogRecord> Log { get; } = [];

    public object? GetService(Type serviceType) =>
        serviceType == typeof(ILoggerFactory) ? this
        : serviceType == typeof(TimeProvider) ? time
        : null;

    ILogger ILoggerFactory.CreateLogger(string categoryName) => this;

    void ILoggerFactory.AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Log.Enqueue(new LogRecord(logLevel, eventId, formatter(state, exception), exception));

    void IDisposable.Dispose()
    {
    }
}

/// <summary>One written log message.</summary>
internal sealed record LogRecord(LogLevel Level, EventId Event, string Text, Exception? Exception);
