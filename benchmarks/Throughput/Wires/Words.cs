using System.Globalization;
using System.Text;

namespace Bedrock.Ghms.Throughput.Wires;

/// <summary>The one typed message of all works, a word of 100 characters, in each encoding.</summary>
internal static class Words
{
    public const int Length = 100;

    /// <summary>A MessagePack map of one: a short string as its key, one of up to 255 bytes as its value.</summary>
    public static byte[] MessagePack(int number, int length = Length) =>
        [0x81, 0xA4, .. "Word"u8, 0xD9, (byte)length, .. Word(number, length)];

    public static byte[] Json(int number) => [.. "{\"Word\":\""u8, .. Word(number), .. "\"}"u8];

    public static byte[] Word(int number, int length = Length) =>
        Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture).PadLeft(length, '.'));
}
