using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Requests.Answering;
using Bedrock.Ghms.Requests.Asking;
using Bedrock.Ghms.Requests.Wire;

namespace Bedrock.Ghms.Requests;

/// <summary>The open requests of one connection, those asked here and those asked by the peer.</summary>
internal sealed class Exchange
{
    public Exchange(RequestPipe pipe, GhmsConnection connection)
    {
        Pipe = pipe;
        Connection = connection;
        Questions = new Questions(this);
        Answers = new Answers(this);

        // Also where the connection has ended already: then this runs at once.
        connection.Closed.UnsafeRegister(static exchange => ((Exchange)exchange!).End(), this);
    }

    public RequestPipe Pipe { get; }

    public GhmsConnection Connection { get; }

    public Questions Questions { get; }

    public Answers Answers { get; }

    /// <summary>Sends a message of this extension through the pipes between this one and the wire.</summary>
    public ValueTask<int> SendAsync(RequestMessage message, CancellationToken cancellationToken) =>
        Pipe.Context.SendAsync(message, Recipients.Exactly(Connection), cancellationToken);

    /// <summary>Sends what nobody waits for: if it cannot be sent, the connection is about to end.</summary>
    public async void Post(RequestMessage message)
    {
        try
        {
            await SendAsync(message, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            OnPostFailed(message, exception);
        }
    }

    public void OnPostFailed(RequestMessage message, Exception exception)
    {
        if (Connection.IsOpen)
        {
            Pipe.LogNotSent(Connection, message, exception);
        }
    }

    private void End()
    {
        Questions.End();
        Answers.End();
    }
}
