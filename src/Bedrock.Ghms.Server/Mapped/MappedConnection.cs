using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Bedrock.Ghms.Server.Mapped;

/// <summary>A request that is being upgraded, as a transport. It keeps nothing of the request's context, which is gone before the last handler may be.</summary>
internal sealed class MappedConnection : ConnectionContext, IDuplexPipe
{
    // Reads are rented when bytes have arrived, so the size costs idle connections nothing.
    private static readonly StreamPipeReaderOptions ReaderOptions = new(bufferSize: 16_384, leaveOpen: true, useZeroByteReads: true);
    private static readonly StreamPipeWriterOptions WriterOptions = new(leaveOpen: true);

    private readonly IHttpRequestLifetimeFeature _lifetime;

    public MappedConnection(HttpContext context)
    {
        _lifetime = context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        ConnectionId = context.Connection.Id;
        Features = context.Features;
        Items = context.Items;
        RemoteEndPoint = RemoteOf(context);
        LocalEndPoint = Join(context.Connection.LocalIpAddress, context.Connection.LocalPort);
        Stream = new UpgradeStream(context.RequestAborted);
        Input = PipeReader.Create(Stream, ReaderOptions);
        Output = PipeWriter.Create(Stream, WriterOptions);
        Transport = this;
    }

    public UpgradeStream Stream { get; }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items { get; set; }

    public override IDuplexPipe Transport { get; set; }

    /// <summary>The peer's address, if the host knows it.</summary>
    public static IPEndPoint? RemoteOf(HttpContext context) => Join(context.Connection.RemoteIpAddress, context.Connection.RemotePort);

    public override void Abort(ConnectionAbortedException abortReason)
    {
        Stream.Abort();
        if (!Stream.HasFailed)
        {
            _lifetime.Abort();
        }
    }

    private static IPEndPoint? Join(IPAddress? address, int port) => address is null ? null : new IPEndPoint(address, port);
}
