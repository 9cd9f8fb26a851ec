using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Bedrock.Ghms.Benchmarks.Support;
using Bedrock.Ghms.Protocol.Upgrade;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http;

namespace Bedrock.Ghms.Benchmarks.Upgrade;

/// <summary>Reading a request, beside Kestrel's own parser on the same bytes.</summary>
[MemoryDiagnoser]
[SuppressMessage("Design", "CA1001", Justification = "It is cleaned up by whoever runs it, and cannot run sealed.")]
public class RequestParseBenchmarks
{
    private readonly HttpParser<FieldCounter> _kestrel = new();
    private readonly FieldCounter _counter = new();
    private readonly UpgradeRequestParser _parser = new();
    private ReadOnlySequence<byte> _request;

    [Params(5, 12)]
    public int Fields { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _request = new ReadOnlySequence<byte>(Samples.Request(Fields));
        Require.That(Kestrel() == Fields, "Kestrel reads every field");
        Require.That(Parse() == UpgradeParseStatus.Complete, "the request is complete");
        Require.That(ParseAndCheck() == UpgradeRejection.None, "the request is good");
    }

    [GlobalCleanup]
    public void Cleanup() => _parser.Dispose();

    [Benchmark(Baseline = true)]
    public int Kestrel()
    {
        _counter.Count = 0;
        var reader = new SequenceReader<byte>(_request);
        _kestrel.ParseRequestLine(_counter, ref reader);
        _kestrel.ParseHeaders(_counter, ref reader);
        return _counter.Count;
    }

    [Benchmark]
    public UpgradeParseStatus Parse()
    {
        UpgradeParseStatus status = _parser.Parse(_request, out _);
        _parser.Reset();
        return status;
    }

    /// <summary>What a server does before it answers: Kestrel's parser leaves all but the first step to others.</summary>
    [Benchmark]
    public UpgradeRejection ParseAndCheck()
    {
        _parser.Parse(_request, out _);
        UpgradeRejection rejection = UpgradeRequestRules.CheckRequest(_parser.Head);
        if (rejection == UpgradeRejection.None)
        {
            rejection = UpgradeRequestRules.CheckUpgrade(_parser.Head, out _);
        }

        _parser.Reset();
        return rejection;
    }

    private sealed class FieldCounter : IHttpRequestLineHandler, IHttpHeadersHandler
    {
        public int Count { get; set; }

        public void OnHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Count++;

        public void OnStartLine(
            HttpVersionAndMethod versionAndMethod, TargetOffsetPathLength targetPath, Span<byte> startLine)
        {
        }

        public void OnHeadersComplete(bool endStream)
        {
        }

        public void OnStaticIndexedHeader(int index)
        {
        }

        public void OnStaticIndexedHeader(int index, ReadOnlySpan<byte> value)
        {
        }
    }
}
