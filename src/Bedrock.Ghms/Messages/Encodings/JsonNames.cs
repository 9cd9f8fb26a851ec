using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Bedrock.Ghms.Messages.Encodings;

/// <summary>
/// The property names of the objects that are open at one point of a JSON text, compared without regard to case. A hash table that works
/// like a stack: leaving an object takes its names off again. Starts in the caller's memory and moves to pooled arrays when that is full;
/// the number of buckets is a power of two.
/// </summary>
internal ref struct JsonNames(Span<char> text, Span<JsonNames.Entry> entries, Span<int> buckets, Span<int> objects)
{
    private Span<char> _text = text;
    private Span<Entry> _entries = entries;
    private Span<int> _buckets = buckets;
    private readonly Span<int> _objects = objects;
    private char[]? _rentedText;
    private Entry[]? _rentedEntries;
    private int[]? _rentedBuckets;
    private int _count;
    private int _open;

    /// <summary>A name: where it stands in the text, its hash, and the entry before it in its bucket, counted from 1.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal record struct Entry(int Start, int Length, int Hash, int Next)
    {
        public readonly int End => Start + Length;
    }

    private readonly int TextEnd => _count == 0 ? 0 : _entries[_count - 1].End;

    public void EnterObject() => _objects[_open++] = _count;

    public void LeaveObject()
    {
        // The newest entry heads its bucket, so that taking them off newest first restores every bucket.
        for (var first = _objects[--_open]; _count > first;)
        {
            var entry = _entries[--_count];
            Bucket(entry.Hash) = entry.Next;
        }
    }

    /// <summary>Adds the name the reader stands at to the innermost object, or returns false if it is there.</summary>
    public bool TryAdd(scoped in Utf8JsonReader reader)
    {
        var name = Unescape(in reader);
        // Randomized per process: nobody can choose names that collide.
        var hash = string.GetHashCode(name, StringComparison.OrdinalIgnoreCase);

        // Indices fall along a bucket; the first below the innermost object's ends the search.
        var first = _objects[_open - 1];
        for (var next = Bucket(hash); next > first; next = _entries[next - 1].Next)
        {
            var entry = _entries[next - 1];
            if (entry.Hash == hash && name.Equals(_text[entry.Start..entry.End], StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        if (_count == _entries.Length)
        {
            GrowEntries();
        }

        _entries[_count] = new Entry(TextEnd, name.Length, hash, Bucket(hash));
        Bucket(hash) = ++_count;
        return true;
    }

    /// <summary>Unescapes the string the reader stands at. The result is valid until the next call.</summary>
    [UnscopedRef]
    public ReadOnlySpan<char> Unescape(scoped in Utf8JsonReader reader)
    {
        var end = TextEnd;
        if (_text.Length - end < reader.ValueSpan.Length)
        {
            GrowText(end, end + reader.ValueSpan.Length);
        }

        return _text.Slice(end, reader.CopyString(_text[end..]));
    }

    public readonly void Dispose()
    {
        Return(_rentedText);
        Return(_rentedEntries);
        Return(_rentedBuckets);
    }

    private readonly ref int Bucket(int hash) => ref _buckets[hash & (_buckets.Length - 1)];

    private void GrowText(int used, int needed)
    {
        var larger = ArrayPool<char>.Shared.Rent(Math.Max(needed, _text.Length * 2));
        _text[..used].CopyTo(larger);
        Return(_rentedText);
        _text = _rentedText = larger;
    }

    private void GrowEntries()
    {
        var larger = ArrayPool<Entry>.Shared.Rent(_entries.Length * 2);
        _entries.CopyTo(larger);
        Return(_rentedEntries);
        _entries = _rentedEntries = larger;

        var size = (int)BitOperations.RoundUpToPowerOf2((uint)larger.Length);
        Return(_rentedBuckets);
        _rentedBuckets = ArrayPool<int>.Shared.Rent(size);
        _buckets = _rentedBuckets.AsSpan(0, size);
        _buckets.Clear();
        for (var i = 0; i < _count; i++)
        {
            ref var entry = ref _entries[i];
            entry.Next = Bucket(entry.Hash);
            Bucket(entry.Hash) = i + 1;
        }
    }

    private static void Return<T>(T[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<T>.Shared.Return(rented);
        }
    }
}
