using System.IO.Pipelines;
using MessagePack;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Baseline;

/// <summary>Upgrades a connection and handles what arrives, one received batch at a time.</summary>
public abstract class FramedHandler : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        try
        {
            if (await Upgrade.AcceptAsync(connection.Transport))
            {
                await ServeAsync(connection.Transport);
            }
        }
        catch (Exception error) when (error is InvalidDataException or MessagePackSerializationException)
        {
            connection.Abort(new ConnectionAbortedException(error.Message, error));
        }
        catch (IOException)
        {
            // The peer is gone, and with it everybody who could be told.
        }
    }

    protected virtual async Task ServeAsync(IDuplexPipe transport)
    {
        var frames = new FrameReader();
        var scratch = new FrameBuffer();
        bool ended = false;
        while (!ended)
        {
            ReadResult received = await transport.Input.ReadAsync();
            frames.Begin(received.Buffer);
            FlushResult flushed = await HandleAsync(frames, scratch, transport.Output);
            transport.Input.AdvanceTo(frames.Consumed, received.Buffer.End);
            ended = received.IsCompleted || flushed.IsCompleted;
        }
    }

    /// <summary>Takes every whole frame of a batch; the next batch is not read before its flush is through.</summary>
    /// <param name="frames">What was received.</param>
    /// <param name="scratch">An empty buffer of this connection, to be left empty.</param>
    /// <param name="output">The connection's way out.</param>
    protected abstract ValueTask<FlushResult> HandleAsync(FrameReader frames, FrameBuffer scratch, PipeWriter output);

    protected static InvalidDataException Unknown(uint code) => new($"Message code {code} is not known here.");
}
