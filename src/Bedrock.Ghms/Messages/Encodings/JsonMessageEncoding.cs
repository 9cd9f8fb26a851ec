using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Bedrock.Ghms.Messages.Encodings;

/// <summary>
/// Carries messages as JSON, <c>application/json</c>, by System.Text.Json. Immutable and safe for concurrent use.
/// </summary>
/// <remarks>
/// <para>Whatever options it is given, what goes over the wire follows one set of rules. Names are written as the contract declares them
/// and read without regard to case; unknown properties are skipped. A missing property keeps its default, unless it is <see langword="required"/> or a
/// constructor parameter without a default value; a null for what the nullable annotations declare as not null is refused. Text is escaped
/// as <see cref="JavaScriptEncoder.UnsafeRelaxedJsonEscaping"/> does, which leaves letters of all scripts as they are, unless the options have an encoder.</para>
/// <para>Refused too are a byte order mark, invalid UTF-8, lone surrogates, comments, trailing commas, names that occur twice in one object
/// (or differ only in case), more than 64 levels, a bare <c>null</c>, and anything but white space after the value.</para>
/// </remarks>
public sealed class JsonMessageEncoding : MessageEncoding
{
    internal const int MaxDepth = 64;

    private readonly JsonSerializerOptions _options;

    /// <summary>Creates an encoding that finds the contracts of message types by reflection.</summary>
    [RequiresUnreferencedCode("Finds contracts by reflection. Pass a JsonSerializerContext in trimmed applications.")]
    [RequiresDynamicCode("Finds contracts by reflection. Pass a JsonSerializerContext in applications compiled ahead of time.")]
    public JsonMessageEncoding()
        : this(new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver() })
    {
    }

    /// <summary>Creates an encoding that takes contracts from generated code; fit for trimming and ahead-of-time compilation.</summary>
    /// <param name="context">Holds the contract of every message type, and options as the constructor that takes options describes.</param>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> is <see langword="null"/>.</exception>
    public JsonMessageEncoding(JsonSerializerContext context)
        : this(OptionsOf(context))
    {
    }

    /// <summary>Creates an encoding with the converters, text encoder and contract resolver of <paramref name="options"/>.</summary>
    /// <param name="options">Are copied. Settings that would change the rules on the wire (naming policies, case, comments, depth, references,
    /// nullability, indentation) are overridden.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The options have no <see cref="JsonSerializerOptions.TypeInfoResolver"/>.</exception>
    public JsonMessageEncoding(JsonSerializerOptions options)
        : base(MediaTypes.Json)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.TypeInfoResolver is null)
        {
            throw new ArgumentException($"The options need a {nameof(JsonSerializerOptions.TypeInfoResolver)}.", nameof(options));
        }

        _options = Tighten(options);
    }

    /// <inheritdoc/>
    /// <remarks>The factory makes the whole message only; nested objects of the same type are created as their contract says.</remarks>
    /// <exception cref="NotSupportedException">There is no contract for <typeparamref name="T"/> or it contradicts itself, or there is a factory
    /// but the contract is not an object or sets members when it creates it: through a constructor or, in generated code, init-only ones.</exception>
    public override MessageCodec CreateCodec<T>(Func<T>? factory)
    {
        try
        {
            return new JsonMessageCodec<T>(factory is null ? Contract<T>() : Contract(factory));
        }
        catch (InvalidOperationException contradiction)
        {
            throw new NotSupportedException($"The JSON contract of {typeof(T)} cannot be used: {contradiction.Message}", contradiction);
        }
    }

    private JsonTypeInfo<T> Contract<T>() =>
        _options.TryGetTypeInfo(typeof(T), out var contract) ? (JsonTypeInfo<T>)contract : throw NoContract<T>();

    // A resolver hands out a contract of its own on each call, so that changing this one leaves alone the one the options cache.
    private JsonTypeInfo<T> Contract<T>(Func<T> factory)
        where T : notnull
    {
        var contract = _options.TypeInfoResolver!.GetTypeInfo(typeof(T), _options) as JsonTypeInfo<T> ?? throw NoContract<T>();
        if (contract.Kind != JsonTypeInfoKind.Object || contract.Properties.Any(IsSetAtCreation))
        {
            throw new NotSupportedException($"{typeof(T)} cannot have a factory in {MediaType}: it is not an object that is filled through settable members.");
        }

        contract.CreateObject = factory;
        return contract;
    }

    // Generated contracts cannot set an init-only member later; reflection can, and has no parameter for it.
    private static bool IsSetAtCreation(JsonPropertyInfo property) => property.AssociatedParameter is { } parameter
        && !(parameter.IsMemberInitializer && property.AttributeProvider is PropertyInfo { SetMethod: { } setter } && !IsInitOnly(setter));

    private static bool IsInitOnly(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private NotSupportedException NoContract<T>() => new($"{typeof(T)} cannot be carried as {MediaType}: there is no JSON contract for it.");

    private static JsonSerializerOptions OptionsOf(JsonSerializerContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Options;
    }

    private static JsonSerializerOptions Tighten(JsonSerializerOptions options)
    {
        var tightened = new JsonSerializerOptions(options)
        {
            AllowTrailingCommas = false,
            DictionaryKeyPolicy = null,

            // Payloads are no part of a page: what HTML wants escaped would only make them longer.
            Encoder = options.Encoder ?? JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = MaxDepth,
            PropertyNameCaseInsensitive = true,
            PropertyNamingPolicy = null,
            ReadCommentHandling = JsonCommentHandling.Disallow,
            ReferenceHandler = null,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
            WriteIndented = false,
        };
        tightened.MakeReadOnly();
        return tightened;
    }
}
