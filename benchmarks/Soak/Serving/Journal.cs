using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Bedrock.Ghms.Soak.Serving;

/// <summary>What servers have received, in a file that outlives them: an entry is with the system before its message counts as handled.</summary>
internal sealed class Journal(string path) : IDisposable
{
    private readonly Lock _sync = new();
    private readonly FileStream _file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    /// <summary>Writes an entry, without a buffer that would die with this process.</summary>
    public void Write(JournalEntry entry)
    {
        lock (_sync)
        {
            _file.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<JournalEntry>(in entry)));
        }
    }

    /// <summary>Reads all entries, in the order of arrival.</summary>
    public static IEnumerable<JournalEntry> Read(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[Unsafe.SizeOf<JournalEntry>()];
        while (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length)
        {
            yield return MemoryMarshal.Read<JournalEntry>(bytes);
        }
    }

    public void Dispose() => _file.Dispose();
}
