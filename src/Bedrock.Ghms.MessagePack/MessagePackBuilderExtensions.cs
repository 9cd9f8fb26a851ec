using Bedrock.Ghms.Broker;
using MessagePack;

namespace Bedrock.Ghms.MessagePack;

/// <summary>Adds MessagePack to the brokers of servers and clients.</summary>
public static class MessagePackBuilderExtensions
{
    /// <summary>Adds the MessagePack encoding.</summary>
    /// <typeparam name="TBuilder">The builder's own type.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="resolver">Formatters that come before the library's own; none by default.</param>
    /// <exception cref="ArgumentException">The resolver lets a payload choose the types that it creates.</exception>
    public static TBuilder AddMessagePack<TBuilder>(this TBuilder builder, IFormatterResolver? resolver = null)
        where TBuilder : IGhmsBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Definition.Encodings.Add(new MessagePackMessageEncoding(resolver));
        return builder;
    }
}
