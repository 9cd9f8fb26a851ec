using System.Buffers;
using System.Text;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Messages;
using Bedrock.Ghms.Protocol.Upgrade;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Upgrade;

/// <summary>Both sides' part of the upgrade, once per connection.</summary>
[MemoryDiagnoser]
public class UpgradeWriteBenchmarks
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly ArrayBufferWriter<byte> _output = new(4_096);
    private readonly UpgradeRequest _request = new()
    {
        Host = "broker.example.com:5000",
        Accept = [MediaTypes.MessagePack, MediaTypes.Json],
        Timeout = Timeout,
        MaxMessageSize = 1_000_000,
    };

    [GlobalSetup]
    public void Setup()
    {
        Request();
        Require.That(Encoding.ASCII.GetString(_output.WrittenSpan).StartsWith("GET / HTTP/1.1\r\n", StringComparison.Ordinal), "a request");
        Response();
        Require.That(Encoding.ASCII.GetString(_output.WrittenSpan).StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal), "a response");
    }

    [Benchmark]
    public void Request()
    {
        _output.ResetWrittenCount();
        UpgradeRequestWriter.Write(_output, _request);
    }

    [Benchmark]
    public void Response()
    {
        _output.ResetWrittenCount();
        UpgradeResponseWriter.WriteSwitchingProtocols(_output, MediaTypes.MessagePack, Timeout, 1_000_000);
    }
}
