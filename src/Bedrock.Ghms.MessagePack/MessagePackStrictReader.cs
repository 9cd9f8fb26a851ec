using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text.Unicode;
using MessagePack;

namespace Bedrock.Ghms.MessagePack;

/// <summary>
/// Checks that a payload is exactly one value, not nil, in which every string is UTF-8, every announced length is there and no more than 64
/// levels nest. Runs before deserialization, without recursion or allocation: formatters neither look into what they
/// skip nor validate strings, and trust a collection's announced count as far as the bytes that follow might bear it out.
/// </summary>
internal static class MessagePackStrictReader
{
    /// <returns>Whether a map in it has an empty key, which formatters of objects cannot skip.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Verify(ReadOnlySpan<byte> payload) => !TryVerifyFlat(payload) && VerifyNested(payload);

    /// <summary>Verifies a small map or array of short strings and numbers, as most messages are, in one go.</summary>
    /// <returns><see langword="false"/> when the payload is anything else, or has a mistake or an empty key: nothing has been said about it then.</returns>
    private static bool TryVerifyFlat(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || !IsSmallCollection(payload[0], out var missing))
        {
            return false;
        }

        var at = 1;
        for (; missing > 0; missing--)
        {
            if (at >= payload.Length)
            {
                return false;
            }

            var code = payload[at];
            if (SizeOf(code) is var size and > 0)
            {
                at += size;
                continue;
            }

            var start = at + (code == MessagePackCode.Str8 ? 2 : 1);
            if (start > payload.Length || (code != MessagePackCode.Str8 && !IsFixStr(code)))
            {
                return false;
            }

            var length = code == MessagePackCode.Str8 ? payload[at + 1] : code & 0x1F;
            var isEmptyKey = length == 0 && (missing & 1) == 0 && payload[0] <= MessagePackCode.MaxFixMap;
            if (isEmptyKey || length > payload.Length - start || !IsText(payload.Slice(start, length)))
            {
                return false;
            }

            at = start + length;
        }

        return at == payload.Length;
    }

    private static bool IsSmallCollection(byte code, out int values)
    {
        var isMap = code <= MessagePackCode.MaxFixMap;
        values = (code & 0x0F) << (isMap ? 1 : 0);
        return code is >= MessagePackCode.MinFixMap and <= MessagePackCode.MaxFixArray;
    }

    /// <summary>The bytes of a number, a boolean or nil with its code; 0 for everything else.</summary>
    private static int SizeOf(byte code) => code switch
    {
        <= MessagePackCode.MaxFixInt or >= MessagePackCode.MinNegativeFixInt => 1,
        MessagePackCode.Nil or MessagePackCode.False or MessagePackCode.True => 1,
        >= MessagePackCode.UInt8 and <= MessagePackCode.UInt64 => 1 + (1 << (code - MessagePackCode.UInt8)),
        >= MessagePackCode.Int8 and <= MessagePackCode.Int64 => 1 + (1 << (code - MessagePackCode.Int8)),
        MessagePackCode.Float32 => 5,
        MessagePackCode.Float64 => 9,
        _ => 0,
    };

    private static bool IsFixStr(byte code) => code is >= MessagePackCode.MinFixStr and <= MessagePackCode.MaxFixStr;

    // Keys are short and ASCII: sooner looked at than handed over.
    private static bool IsText(ReadOnlySpan<byte> text)
    {
        if (text.Length > 8)
        {
            return Utf8.IsValid(text);
        }

        var all = 0;
        foreach (var unit in text)
        {
            all |= unit;
        }

        return all < 0x80 || Utf8.IsValid(text);
    }

    private static bool VerifyNested(ReadOnlySpan<byte> payload)
    {
        if (payload is [MessagePackCode.Nil, ..])
        {
            throw Refused("a message cannot be nil");
        }

        // How many values each open collection still lacks, a key when that is even, and which of them are maps.
        Span<long> missing = stackalloc long[MessagePackMessageEncoding.MaxDepth];
        ulong maps = 0;
        var hasEmptyKey = false;
        var depth = 0;
        var rest = payload;
        do
        {
            hasEmptyKey |= depth > 0 && ((maps >> (depth - 1)) & 1) != 0 && (missing[depth - 1] & 1) == 0 && IsEmptyText(rest);
            var isMap = IsMap(rest);
            var children = ReadValue(ref rest, out var isCollection);
            if (isCollection)
            {
                if (depth == missing.Length)
                {
                    throw Refused("it nests too deep");
                }

                maps = (maps & ~(1UL << depth)) | ((isMap ? 1UL : 0) << depth);
                missing[depth++] = children;
            }
            else if (depth > 0)
            {
                missing[depth - 1]--;
            }

            // A collection that is complete is one value of the collection around it.
            while (depth > 0 && missing[depth - 1] == 0)
            {
                if (--depth > 0)
                {
                    missing[depth - 1]--;
                }
            }
        }
        while (depth > 0);

        if (!rest.IsEmpty)
        {
            throw Refused("bytes are left over");
        }

        return hasEmptyKey;
    }

    private static bool IsEmptyText(ReadOnlySpan<byte> rest) => rest
        is [MessagePackCode.MinFixStr, ..]
        or [MessagePackCode.Str8, 0, ..]
        or [MessagePackCode.Str16, 0, 0, ..]
        or [MessagePackCode.Str32, 0, 0, 0, 0, ..];

    private static bool IsMap(ReadOnlySpan<byte> rest) => rest
        is [>= MessagePackCode.MinFixMap and <= MessagePackCode.MaxFixMap, ..]
        or [MessagePackCode.Map16 or MessagePackCode.Map32, ..];

    /// <summary>Reads a scalar, or the header of a collection and returns how many values belong to it.</summary>
    private static long ReadValue(ref ReadOnlySpan<byte> rest, out bool isCollection)
    {
        var code = Take(ref rest, 1)[0];
        isCollection = IsCollection(code);
        switch (code)
        {
            case >= MessagePackCode.MinFixMap and <= MessagePackCode.MaxFixMap:
                return Children(rest, 2 * (code & 0x0F));
            case >= MessagePackCode.MinFixArray and <= MessagePackCode.MaxFixArray:
                return Children(rest, code & 0x0F);
            case MessagePackCode.Array16 or MessagePackCode.Array32:
                return Children(rest, Number(ref rest, code == MessagePackCode.Array16 ? 2 : 4));
            case MessagePackCode.Map16 or MessagePackCode.Map32:
                return Children(rest, 2 * Number(ref rest, code == MessagePackCode.Map16 ? 2 : 4));

            case >= MessagePackCode.MinFixStr and <= MessagePackCode.MaxFixStr:
                return Text(ref rest, code & 0x1F);
            case MessagePackCode.Str8 or MessagePackCode.Str16 or MessagePackCode.Str32:
                return Text(ref rest, Number(ref rest, 1 << (code - MessagePackCode.Str8)));

            case MessagePackCode.Bin8 or MessagePackCode.Bin16 or MessagePackCode.Bin32:
                return Skip(ref rest, Number(ref rest, 1 << (code - MessagePackCode.Bin8)));
            // One byte more than the length says: the extension's type.
            case MessagePackCode.Ext8 or MessagePackCode.Ext16 or MessagePackCode.Ext32:
                return Skip(ref rest, Number(ref rest, 1 << (code - MessagePackCode.Ext8)) + 1);
            case >= MessagePackCode.FixExt1 and <= MessagePackCode.FixExt16:
                return Skip(ref rest, (1 << (code - MessagePackCode.FixExt1)) + 1);

            default:
                return SizeOf(code) is var size and > 0
                    ? Skip(ref rest, size - 1)
                    : throw Refused("it has a byte that begins no value");
        }
    }

    private static bool IsCollection(byte code) =>
        code is (>= MessagePackCode.MinFixMap and <= MessagePackCode.MaxFixArray) or (>= MessagePackCode.Array16 and <= MessagePackCode.Map32);

    private static long Children(ReadOnlySpan<byte> rest, long count) =>
        count <= rest.Length ? count : throw Refused("a collection is longer than the payload");

    private static long Text(ref ReadOnlySpan<byte> rest, long length) =>
        Utf8.IsValid(Take(ref rest, length)) ? 0 : throw Refused("a string is not UTF-8");

    private static long Skip(ref ReadOnlySpan<byte> rest, long length)
    {
        Take(ref rest, length);
        return 0;
    }

    private static long Number(ref ReadOnlySpan<byte> rest, int size)
    {
        var bytes = Take(ref rest, size);
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
            _ => BinaryPrimitives.ReadUInt32BigEndian(bytes),
        };
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, long length)
    {
        if (length > rest.Length)
        {
            throw Refused("it ends inside a value");
        }

        var taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }

    private static MessagePackSerializationException Refused(string reason) => new($"The payload is refused: {reason}.");
}
