using System.Text.Json;
using System.Text.Unicode;

namespace Bedrock.Ghms.Messages.Encodings;

/// <summary>
/// Refuses the JSON that System.Text.Json would let pass: it looks neither at names it does not know nor into values that it skips.
/// Runs before deserialization, in linear time, and allocates nothing.
/// </summary>
internal static class JsonStrictReader
{
    public static void Verify(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            throw new JsonException("The payload is not valid UTF-8.");
        }

        // The reader itself refuses a byte order mark, comments, trailing commas, excess depth and anything after the value.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonMessageEncoding.MaxDepth });
        var names = new JsonNames(stackalloc char[256], stackalloc JsonNames.Entry[16], stackalloc int[16], stackalloc int[JsonMessageEncoding.MaxDepth]);
        try
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                throw new JsonException("A message cannot be null.");
            }

            do
            {
                Visit(in reader, ref names);
            }
            while (reader.Read());
        }
        finally
        {
            names.Dispose();
        }
    }

    private static void Visit(in Utf8JsonReader reader, ref JsonNames names)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                names.EnterObject();
                break;
            case JsonTokenType.EndObject:
                names.LeaveObject();
                break;
            case JsonTokenType.PropertyName:
                if (!names.TryAdd(in reader))
                {
                    throw new JsonException("An object has two properties of one name.");
                }

                break;
            case JsonTokenType.String when reader.ValueIsEscaped:
                // With the raw bytes known to be UTF-8, only an escape can spell a lone surrogate; unescaping throws at one.
                names.Unescape(in reader);
                break;
        }
    }
}
