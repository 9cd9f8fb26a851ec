using System.Collections.Frozen;

namespace Bedrock.Ghms.Messages;

/// <summary>Which code belongs to which type, and how each is encoded. Built and checked once, immutable after that.</summary>
internal sealed class MessageRegistry
{
    private readonly FrozenDictionary<uint, MessageType> _byCode;
    private readonly FrozenDictionary<Type, MessageType> _byType;

    private readonly uint _heartbeatCode;

    private MessageRegistry(
        IReadOnlyList<MessageEncoding> offered, IReadOnlyList<MessageEncoding> encodings, List<MessageType> types, uint heartbeatCode)
    {
        Offered = offered;
        Encodings = encodings;
        _heartbeatCode = heartbeatCode;
        _byCode = types.ToFrozenDictionary(type => type.Code);
        _byType = types.ToFrozenDictionary(type => type.Type);
    }

    /// <summary>All encodings, those that connections may choose first; an encoding's index is its ordinal.</summary>
    public IReadOnlyList<MessageEncoding> Encodings { get; }

    /// <summary>The encodings that connections may choose, in order of preference.</summary>
    public IReadOnlyList<MessageEncoding> Offered { get; }

    /// <summary>All registered types.</summary>
    public IReadOnlyList<MessageType> Types => _byCode.Values;

    /// <summary>Whether any type has a rule for consumers that are too slow.</summary>
    public bool HasOverflows { get; private set; }

    /// <summary>What envelopes carry, for each of <see cref="Offered"/>.</summary>
    public IReadOnlyList<InnerMessages> Inner { get; private init; } = [];

    /// <exception cref="GhmsDuplicateMessageCodeException">Two types share a code, or one type has two.</exception>
    /// <exception cref="GhmsInvalidMessageCodeException">A code is reserved.</exception>
    /// <exception cref="GhmsInvalidEncodingException">A type is fixed to an encoding that is not registered.</exception>
    /// <exception cref="GhmsInvalidConfigException">A type cannot be carried in an encoding it may have to use.</exception>
    public static MessageRegistry Create(
        IReadOnlyList<MessageEncoding> offered,
        IReadOnlyList<MessageEncoding> fixedOnly,
        IReadOnlyList<MessageRegistration> registrations,
        uint heartbeatCode)
    {
        CheckCodes(registrations, heartbeatCode);
        MessageEncoding[] encodings = [.. offered, .. fixedOnly];
        InnerMessages[] inner = [.. encodings.Select((encoding, ordinal) => new InnerMessages(encoding, ordinal))];
        var failures = new List<string>();
        var types = new List<MessageType>(registrations.Count);
        foreach (var registration in registrations)
        {
            var fixedEncoding = FixedOrdinal(encodings, registration);
            var codecs = new MessageCodec[encodings.Length];
            for (var ordinal = 0; ordinal < codecs.Length; ordinal++)
            {
                if (fixedEncoding < 0 ? ordinal < offered.Count : ordinal == fixedEncoding)
                {
                    CreateCodec(registration, encodings[ordinal], inner[ordinal], codecs, ordinal, failures);
                }
            }

            types.Add(new MessageType(registration.Code, registration.Type, registration.Kind, fixedEncoding, codecs));
        }

        if (failures.Count > 0)
        {
            throw new GhmsInvalidConfigException(failures);
        }

        var registry = new MessageRegistry(offered, encodings, types, heartbeatCode) { Inner = inner[..offered.Count] };
        Array.ForEach(inner, messages => messages.Complete(registry));
        return registry;
    }

    public MessageType? Find(uint code) => _byCode.GetValueOrDefault(code);

    /// <summary>Whether the application may use <paramref name="code"/>, registered or not.</summary>
    public bool IsApplicationCode(uint code) => ReservedFor(code, MessageKind.Application, _heartbeatCode) is null;

    public bool Contains(Type type) => _byType.ContainsKey(type);

    /// <summary>Whether <paramref name="message"/> may be dropped where a consumer is too slow: by the rule of its type, or of the type that it carries.</summary>
    public OverflowRule? OverflowOf(MessageType type, object message) =>
        !HasOverflows ? null
        : type.Overflow ?? (message is IMessageCarrier carrier ? Find(carrier.Code)?.Overflow : null);

    /// <exception cref="GhmsInvalidMessageCodeException"><paramref name="type"/> is not registered.</exception>
    public MessageType Find(Type type) => _byType.TryGetValue(type, out var found) ? found : ThrowNotRegistered(type);

    /// <summary>Sets the rule of a registered type; while the broker starts.</summary>
    public void SetOverflow(OverflowRule rule)
    {
        Find(rule.Type).Overflow = rule;
        HasOverflows = true;
    }

    private static void CheckCodes(IReadOnlyList<MessageRegistration> registrations, uint heartbeatCode)
    {
        var byCode = new Dictionary<uint, Type>();
        var byType = new Dictionary<Type, uint>();
        foreach (var registration in registrations)
        {
            var (code, type) = (registration.Code, registration.Type);
            if (ReservedFor(code, registration.Kind, heartbeatCode) is { } owner)
            {
                throw new GhmsInvalidMessageCodeException($"{type} cannot use code {code}: it belongs to {owner}.");
            }

            if (!byCode.TryAdd(code, type))
            {
                throw new GhmsDuplicateMessageCodeException($"{type} and {byCode[code]} are both registered with code {code}.");
            }

            if (!byType.TryAdd(type, code))
            {
                throw new GhmsDuplicateMessageCodeException($"{type} is registered with code {byType[type]} and with code {code}.");
            }
        }
    }

    private static string? ReservedFor(uint code, MessageKind kind, uint heartbeatCode)
    {
        if (kind != MessageKind.Application)
        {
            return code >= Ghms.FirstExtensionCode ? null : "the application, not to an extension";
        }

        return code switch
        {
            Ghms.CloseCode => $"{nameof(Protocol.Framing.CloseMessage)}, the Close message",
            _ when code == heartbeatCode => "the Heartbeat message",
            Ghms.HeartbeatCode => "the Heartbeat message, even where its code was moved",
            >= Ghms.FirstExtensionCode => "the extensions, which claim it explicitly",
            _ => null,
        };
    }

    /// <summary>The ordinal of the encoding that <paramref name="mediaType"/> names, or -1.</summary>
    public static int OrdinalOf(IReadOnlyList<MessageEncoding> encodings, string mediaType)
    {
        for (var ordinal = 0; ordinal < encodings.Count; ordinal++)
        {
            if (encodings[ordinal].Names.Contains(mediaType, StringComparer.OrdinalIgnoreCase))
            {
                return ordinal;
            }
        }

        return -1;
    }

    private static int FixedOrdinal(IReadOnlyList<MessageEncoding> encodings, MessageRegistration registration)
    {
        if (registration.Encoding is null)
        {
            return -1;
        }

        var ordinal = OrdinalOf(encodings, registration.Encoding);
        return ordinal >= 0 ? ordinal : throw new GhmsInvalidEncodingException(
            $"{registration.Type} is fixed to the encoding '{registration.Encoding}', which is not registered.");
    }

    private static void CreateCodec(
        MessageRegistration registration, MessageEncoding encoding, InnerMessages inner, MessageCodec[] codecs, int ordinal, List<string> failures)
    {
        try
        {
            codecs[ordinal] = registration.CreateCodec(encoding, inner);
        }
        catch (NotSupportedException exception)
        {
            failures.Add($"{registration.Type} cannot be carried as {encoding.MediaType}: {exception.Message}");
        }
    }

    private static MessageType ThrowNotRegistered(Type type) =>
        throw new GhmsInvalidMessageCodeException($"{type} is not a registered message type.");
}
