using Bedrock.Framework;
using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.BedrockFramework;

/// <summary>GHMS in the connections of Bedrock's client.</summary>
public static class BedrockClientBuilderExtensions
{
    /// <summary>Ends the transport when a connection is disposed of, or its middleware fails. Add it first.</summary>
    /// <remarks>
    /// Bedrock ends whatever pipes a connection has at that moment. Those of middleware such as <c>UseConnectionLogging</c> leave the transport's own pipes open, and so
    /// its socket: without this, each such connection leaves one behind.
    /// </remarks>
    /// <param name="builder">Bedrock's builder.</param>
    public static ClientBuilder UseTransportCompletion(this ClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Use(next => async connection =>
        {
            var transport = connection.Transport;
            try
            {
                await next(connection).ConfigureAwait(false);
            }
            finally
            {
                await transport.Output.CompleteAsync().ConfigureAwait(false);
                await transport.Input.CompleteAsync().ConfigureAwait(false);
            }
        });
        return builder;
    }

    /// <summary>Upgrades each connection before the client hands it out, so that frames can be read and written on it.</summary>
    /// <remarks>
    /// This is for code that speaks frames itself, with <see cref="FrameMessageReader"/> and <see cref="FrameMessageWriter"/>: nobody sends heartbeats or answers a
    /// Close for it. A <c>GhmsClient</c> upgrades by itself, and takes what <see cref="ClientBuilder.Build"/> returns as its connection factory.
    /// Add it last. The response, with the server's terms, is a feature of the connection: <c>Features.Get&lt;UpgradeResponse&gt;()</c>.
    /// <see cref="Bedrock.Framework.Client.ConnectAsync"/> fails with a <see cref="GhmsUpgradeException"/> when the server refuses or answers with something else, with an
    /// <see cref="ArgumentException"/> when the request is malformed, and with a <see cref="TimeoutException"/> when there is no answer in time.
    /// </remarks>
    /// <param name="builder">Bedrock's builder.</param>
    /// <param name="request">What to ask for.</param>
    /// <param name="timeout">How long the answer may take; 30 seconds by default. The token of <see cref="Bedrock.Framework.Client.ConnectAsync"/> does not reach it.</param>
    /// <param name="time">Where that time is measured; the system's clock by default.</param>
    public static ClientBuilder UseGhmsUpgrade(
        this ClientBuilder builder, UpgradeRequest request, TimeSpan? timeout = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(request);
        var upgrade = new ClientUpgrade(request, timeout ?? Ghms.Timeout, time ?? TimeProvider.System);
        builder.Use(next => async connection =>
        {
            connection.Features.Set(await upgrade.RunAsync(connection).ConfigureAwait(false));
            await next(connection).ConfigureAwait(false);
        });
        return builder;
    }
}
