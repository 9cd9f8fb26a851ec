using System.Collections.Concurrent;
using MessagePack;
using MessagePack.Formatters;
using MessagePack.Resolvers;

namespace Bedrock.Ghms.MessagePack;

/// <summary>
/// Asks the user's resolver, then the library's. Refuses typeless formatters, and wraps those of types that have members which must
/// not be null: because generated code asks the resolver for the formatters of its members, that reaches nested objects too.
/// </summary>
internal sealed class MessageResolver(IFormatterResolver? first) : IFormatterResolver
{
    private readonly ConcurrentDictionary<Type, object?> _formatters = new();

    public IMessagePackFormatter<T>? GetFormatter<T>() =>
        (IMessagePackFormatter<T>?)(_formatters.TryGetValue(typeof(T), out var known) ? known : _formatters.GetOrAdd(typeof(T), Find<T>()));

    private IMessagePackFormatter<T>? Find<T>()
    {
        // It holds what StandardResolver does and comes to contractless objects last.
        var formatter = first?.GetFormatter<T>() ?? ContractlessStandardResolver.Instance.GetFormatter<T>();
        if (TypelessFormatters.IsTypeless(formatter) || TypelessFormatters.HasTypelessMember(typeof(T)))
        {
            throw new NotSupportedException($"{typeof(T)} has a typeless formatter, which lets the peer choose the types that are created.");
        }

        return formatter is not null && RequiredMembers.FindMissing<T>() is { } findMissing
            ? new RequiredMembersFormatter<T>(formatter, findMissing)
            : formatter;
    }
}
