using Bedrock.Ghms.Protocol.Upgrade;

namespace Bedrock.Ghms.Broker;

/// <summary>Handles one received message; what a handler pipe calls as its <c>next</c>.</summary>
/// <param name="connection">Where the message came from.</param>
/// <param name="message">The message.</param>
/// <param name="cancellationToken">Fires when the connection ends.</param>
public delegate ValueTask MessageHandler(GhmsConnection connection, object message, CancellationToken cancellationToken);

/// <summary>Handles one received message of type <typeparamref name="T"/>.</summary>
/// <typeparam name="T">The message type.</typeparam>
/// <param name="connection">Where the message came from.</param>
/// <param name="message">The message.</param>
/// <param name="cancellationToken">Fires when the connection ends.</param>
public delegate ValueTask MessageHandler<in T>(GhmsConnection connection, T message, CancellationToken cancellationToken);

/// <summary>Handles one received message by sending another: what a send returns, it returns.</summary>
/// <typeparam name="T">The message type.</typeparam>
/// <param name="connection">Where the message came from.</param>
/// <param name="message">The message.</param>
/// <param name="cancellationToken">Fires when the connection ends.</param>
/// <returns>How many connections accepted the message that was sent; nobody looks at it.</returns>
public delegate ValueTask<int> MessageResponder<in T>(GhmsConnection connection, T message, CancellationToken cancellationToken);

/// <summary>Sends one message to <paramref name="recipients"/>; what a sender pipe calls as its <c>next</c>.</summary>
/// <param name="message">The message.</param>
/// <param name="recipients">Whom to send to.</param>
/// <param name="cancellationToken">Bounds the wait for room.</param>
/// <returns>How many connections accepted the message.</returns>
public delegate ValueTask<int> MessageSender(object message, Recipients recipients, CancellationToken cancellationToken);

/// <summary>The host's own check of an upgrade request: identity, origin, quota.</summary>
/// <param name="request">What is asked for, and by whom.</param>
/// <param name="cancellationToken">Fires when <see cref="UpgradeOptions.AdmissionTimeout"/> is over, or the server stops.</param>
/// <returns><see langword="null"/> to let the peer in, or what to answer instead.</returns>
public delegate ValueTask<UpgradeRefusal?> AdmissionHandler(AdmissionContext request, CancellationToken cancellationToken);
