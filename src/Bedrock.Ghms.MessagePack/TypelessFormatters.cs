using System.Reflection;
using MessagePack;
using MessagePack.Formatters;

namespace Bedrock.Ghms.MessagePack;

/// <summary>Recognizes the formatters by which the bytes of a message, not its receiver, choose the types that are created.</summary>
internal static class TypelessFormatters
{
    private const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    public static bool IsTypeless(object? formatter) => formatter is not null && IsTypeless(formatter.GetType());

    /// <summary>Whether an attribute in <paramref name="type"/> names such a formatter: generated code uses it without asking the resolver.</summary>
    public static bool HasTypelessMember(Type type) => type.GetMembers(Members).Any(member =>
        member is PropertyInfo or FieldInfo
        && member.GetCustomAttribute<MessagePackFormatterAttribute>() is { } attribute
        && IsTypeless(attribute.FormatterType));

    private static bool IsTypeless(Type formatter) =>
        formatter == typeof(TypelessFormatter) || (formatter.IsGenericType && formatter.GetGenericTypeDefinition() == typeof(ForceTypelessFormatter<>));
}
