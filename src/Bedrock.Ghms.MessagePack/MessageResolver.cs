using System.Collections.Concurrent;
using MessagePack;
using MessagePack.Formatters;
using MessagePack.Resolvers;

namespace Bedrock.Ghms.MessagePack;

/// <summary>
/// Asks the user's resolver, then the library's. Refuses typeless formatters, and wraps those of types that have members which must
/// not be null: because generated code asks the resolver for the formatters of its members, that reaches nested objects too.
/// </summary>
/// <param name="first">The user's.</param>
/// <param name="skipsEmptyKeys">Whether objects are read without their empty keys.</param>
internal sealed class MessageResolver(IFormatterResolver? first, bool skipsEmptyKeys = false) : IFormatterResolver
{
    private readonly ConcurrentDictionary<Type, object?> _formatters = new();

    public IMessagePackFormatter<T>? GetFormatter<T>() =>
        Latest<T>.Found is { } found && ReferenceEquals(found.Resolver, this) ? found.Formatter : GetFormatterSlow<T>();

    private IMessagePackFormatter<T>? GetFormatterSlow<T>()
    {
        var formatter = (IMessagePackFormatter<T>?)(_formatters.TryGetValue(typeof(T), out var known) ? known : _formatters.GetOrAdd(typeof(T), Find<T>()));
        Latest<T>.Found = new Found<T>(this, formatter);
        return formatter;
    }

    private IMessagePackFormatter<T>? Find<T>()
    {
        // It holds what StandardResolver does and comes to contractless objects last.
        var formatter = first?.GetFormatter<T>() ?? TextFormatter.Instance as IMessagePackFormatter<T> ?? ContractlessStandardResolver.Instance.GetFormatter<T>();
        if (TypelessFormatters.IsTypeless(formatter) || TypelessFormatters.HasTypelessMember(typeof(T)))
        {
            throw new NotSupportedException($"{typeof(T)} has a typeless formatter, which lets the peer choose the types that are created.");
        }

        if (skipsEmptyKeys && formatter is not null && EmptyKeyFormatter<T>.IsNeeded)
        {
            formatter = new EmptyKeyFormatter<T>(formatter);
        }

        return formatter is not null && RequiredMembers.FindMissing<T>() is { } findMissing
            ? new RequiredMembersFormatter<T>(formatter, findMissing)
            : formatter;
    }

    // Generated code asks for the formatter of each member of each message. Nearly always one resolver asks, and finds its answer
    // here without a look-up.
    private static class Latest<T>
    {
        public static Found<T>? Found { get; set; }
    }

    private sealed record Found<T>(MessageResolver Resolver, IMessagePackFormatter<T>? Formatter);
}
