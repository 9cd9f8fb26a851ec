using System.Net;
using Bedrock.Ghms.Baseline;

namespace Bedrock.Ghms.Throughput.Load;

/// <summary>Echoes as requests. An id is used again only when its reply is there, for no more are under way than there are ids.</summary>
internal sealed class RequestDriver(IPEndPoint server, LoadOptions options) : EchoDriver(
    server,
    options,
    FrameRing.OfEnvelopes(RequestCode, MessageCode.Echo, options.InFlight),
    FrameRing.OfEnvelopes(ReplyCode, MessageCode.Echo, options.InFlight))
{
    public const uint RequestCode = 0xFFFF_FF10;
    public const uint ReplyCode = 0xFFFF_FF11;
}
