using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.Baseline;

/// <summary>Every message becomes an object, with the library's own formatter called without its detours.</summary>
public readonly struct MessagePackCodec : ICodec
{
    private static readonly MessagePackSerializerOptions Options = MessagePackSerializerOptions.Standard;
    private static readonly IMessagePackFormatter<Message> Formatter = Options.Resolver.GetFormatterWithVerify<Message>();

    public static void Read(Frame frame) => Decode(frame);

    public static void Relay(Frame frame, FrameBuffer output)
    {
        Message message = Decode(frame);
        output.BeginFrame(frame.Code);
        var writer = new MessagePackWriter(output);
        Formatter.Serialize(ref writer, message, Options);
        writer.Flush();
        output.EndFrame();
    }

    private static Message Decode(Frame frame)
    {
        var reader = new MessagePackReader(frame.Payload);
        return Formatter.Deserialize(ref reader, Options);
    }
}
