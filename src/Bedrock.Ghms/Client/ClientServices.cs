using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Client;

/// <summary>What a client's broker asks for, from the application's container if there is one.</summary>
internal sealed class ClientServices(IServiceProvider? services, ILoggerFactory? loggerFactory, TimeProvider? time) : IServiceProvider
{
    public object? GetService(Type serviceType) =>
        serviceType == typeof(ILoggerFactory) && loggerFactory is not null ? loggerFactory
        : serviceType == typeof(TimeProvider) && time is not null ? time
        : serviceType == typeof(IServiceProvider) ? this
        : services?.GetService(serviceType);
}
