using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Broker.Pipes;

namespace Bedrock.Ghms.Soak.Load;

/// <summary>A pipe that writes on each message which connection it goes out on, and as which of those that this connection has accepted.</summary>
/// <param name="client">Whose messages they are.</param>
/// <param name="streams">How many streams it has.</param>
internal sealed class Ledger(int client, int streams) : GhmsPipe
{
    private readonly Lock _sync = new();
    private readonly List<ConnectionAccount> _accounts = [];

    /// <summary>An account for each connection there has been, in their order.</summary>
    public ConnectionAccount[] Accounts
    {
        get
        {
            lock (_sync)
            {
                return [.. _accounts];
            }
        }
    }

    public static ConnectionAccount AccountOf(GhmsConnection connection) => (ConnectionAccount)connection.Items[typeof(Ledger)]!;

    protected override void OnConnected(GhmsConnection connection)
    {
        lock (_sync)
        {
            var account = new ConnectionAccount(client, _accounts.Count, streams);
            _accounts.Add(account);
            connection.Items[typeof(Ledger)] = account;
        }
    }

    protected override void OnDisconnected(GhmsConnection connection) =>
        AccountOf(connection).Close(connection.End!, connection.DroppedMessages);

    protected override async ValueTask<int> SendAsync(
        object message, Recipients recipients, MessageSender next, CancellationToken cancellationToken)
    {
        if (message is not Numbered numbered)
        {
            return await next(message, recipients, cancellationToken);
        }

        // The place is taken beforehand: the answer to a request can be here before its acceptance is known.
        var account = AccountOf(recipients.Connection!);
        var position = account.TakePosition(numbered.Stream);
        var accepted = 0;
        try
        {
            return accepted = await next(numbered with { Connection = account.Ordinal, Position = position }, recipients, cancellationToken);
        }
        finally
        {
            if (accepted == 0)
            {
                account.GiveBack(numbered.Stream);
            }
        }
    }

    protected override ValueTask HandleAsync(
        GhmsConnection connection, object message, MessageHandler next, CancellationToken cancellationToken)
    {
        if (message is Numbered publication)
        {
            AccountOf(connection).Receive(publication);
        }

        return next(connection, message, cancellationToken);
    }
}
