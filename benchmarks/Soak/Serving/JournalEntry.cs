using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Soak.Serving;

/// <summary>The arrival of one message, as it stands in the journal.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct JournalEntry(long Position, long Number, int Client, int Connection, int Stream)
{
    public static JournalEntry Of(Numbered message) =>
        new(message.Position, message.Number, message.Client, message.Connection, message.Stream);
}
