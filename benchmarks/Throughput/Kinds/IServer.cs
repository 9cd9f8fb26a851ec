using System.Net;
using Bedrock.Ghms.Throughput.Running;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>A server that runs, and is asked what it spends.</summary>
internal interface IServer : IAsyncDisposable
{
    IPEndPoint EndPoint { get; }

    Task<Usage> SpentAsync();

    Footprint Held();
}
