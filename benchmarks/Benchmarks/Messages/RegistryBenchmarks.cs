using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Messages.Encodings;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Messages;

/// <summary>From a code to its type, once per message received, and from a type to its code, once per message sent.</summary>
[MemoryDiagnoser]
public class RegistryBenchmarks
{
    private readonly MessageRegistry _registry = MessageRegistry.Create(
        [new JsonMessageEncoding()],
        [],
        [
            MessageRegistration.Create<Text>(Samples.TextCode),
            MessageRegistration.Create<Version>(20),
            MessageRegistration.Create<Uri>(30),
        ],
        Ghms.HeartbeatCode);

    private readonly object _message = new Text { Word = Samples.Word };

    [GlobalSetup]
    public void Setup() => Require.That(ReferenceEquals(ByCode(), ByType()), "both find the same type");

    [Benchmark]
    public object? ByCode() => _registry.Find(Samples.TextCode);

    [Benchmark]
    public object ByType() => _registry.Find(_message.GetType());
}
