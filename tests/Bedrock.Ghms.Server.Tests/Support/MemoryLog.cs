using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Keeps what is logged.</summary>
internal sealed class MemoryLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<LogRecord> Records { get; } = [];

    ILogger ILoggerProvider.CreateLogger(string categoryName) => this;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Records.Enqueue(new LogRecord(logLevel, eventId, formatter(state, exception), exception));

    void IDisposable.Dispose()
    {
    }
}

/// <summary>One written log message.</summary>
internal sealed record LogRecord(LogLevel Level, EventId Event, string Text, Exception? Exception);
