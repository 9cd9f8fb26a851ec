using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Bedrock.Ghms.Messages.Encodings;

/// <summary>
/// Keeps one idle JSON writer a thread. It is taken out while in use: a converter may encode another message on the same thread.
/// </summary>
internal static class ThreadJsonWriter
{
    // What an idle writer points at, so that it keeps no connection's output alive. Nothing is ever written to it.
    private static readonly ArrayBufferWriter<byte> Nowhere = new();

    [ThreadStatic]
    private static Utf8JsonWriter? _idle;

    public static Utf8JsonWriter Take(IBufferWriter<byte> output, JavaScriptEncoder? encoder)
    {
        var writer = _idle;
        _idle = null;
        if (writer is null || writer.Options.Encoder != encoder)
        {
            // The serializer writes only what is well formed, and its own depth limit is the lower one.
            return new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = encoder, SkipValidation = true });
        }

        writer.Reset(output);
        return writer;
    }

    // Resetting drops what a serializer that threw had not yet handed on.
    public static void Return(Utf8JsonWriter writer)
    {
        writer.Reset(Nowhere);
        _idle = writer;
    }
}
