using System.Collections.Concurrent;
using System.Diagnostics;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;

namespace Bedrock.Ghms.Server.Tests.Telemetry;

/// <summary>The activities of upgrades and requests, on raw listeners and on mapped endpoints.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class TracingTests(bool isMapped) : ServerFixture
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    private readonly ConcurrentQueue<Activity> _stopped = [];

    [Test]
    public async Task An_upgrade_is_part_of_the_trace_that_its_request_names()
    {
        using var listener = Listen();
        var app = await ServeAsync(Echo);
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), path: "/here", fields: $"traceparent: 00-{TraceId}-b7ad6b7169203331-01\r\n");
        var upgrade = await StoppedAsync(ActivityKind.Server);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(upgrade.OperationName, Is.EqualTo("GHMS upgrade"));
            Assert.That(upgrade.TraceId.ToHexString(), Is.EqualTo(TraceId));
            Assert.That(isMapped || upgrade.ParentSpanId.ToHexString() == "b7ad6b7169203331", Is.True);
            Assert.That(upgrade.GetTagItem("http.response.status_code"), Is.EqualTo(101));
            Assert.That(upgrade.GetTagItem("ghms.broker.name"), Is.EqualTo("default"));
            Assert.That(upgrade.GetTagItem("url.path"), Is.EqualTo("/here"));
            Assert.That(upgrade.GetTagItem("ghms.encoding"), Is.EqualTo("application/json"));
        }
    }

    [Test]
    public async Task A_refused_upgrade_and_one_with_a_bad_traceparent_are_traced_as_well()
    {
        using var listener = Listen();
        var app = await ServeAsync(Echo);
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(WirePeer.Request(fields: "Accept: text/plain\r\ntraceparent: nonsense\r\n"));
        Assert.That((await peer.ReadResponseAsync()).Status, Is.EqualTo(406));
        var upgrade = await StoppedAsync(ActivityKind.Server);
        Assert.That((upgrade.GetTagItem("http.response.status_code"), upgrade.Status), Is.EqualTo((406, ActivityStatusCode.Unset)));
    }

    [Test]
    public async Task A_clients_upgrade_and_the_servers_are_one_trace()
    {
        using var listener = Listen();
        var app = await ServeAsync(Echo);
        using var caller = new Activity("caller").Start();
        await using var client = await new GhmsClientBuilder().AddJson().ConnectAsync(UriOf(app));
        var (asking, answering) = (await StoppedAsync(ActivityKind.Client), await StoppedAsync(ActivityKind.Server));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((asking.TraceId, asking.ParentSpanId), Is.EqualTo((caller.TraceId, caller.SpanId)));
            Assert.That(answering.TraceId, Is.EqualTo(caller.TraceId));
            Assert.That(isMapped || answering.ParentSpanId == asking.SpanId, Is.True);
            Assert.That(asking.GetTagItem("http.response.status_code"), Is.EqualTo(101));
        }
    }

    [Test]
    public async Task An_answer_begins_a_trace_that_is_linked_to_the_upgrade_and_a_question_belongs_to_its_caller()
    {
        using var listener = Listen();
        Activity? current = null;
        var app = await ServeAsync(builder => builder.AddJson().AddMessage<Message>(code: 10).Answer<Message, Message>(async (_, message, _) =>
        {
            await Task.Yield();
            current = Activity.Current;
            return message;
        }));
        await using var client = await new GhmsClientBuilder().AddJson().AddMessage<Message>(code: 10).AddRequests().ConnectAsync(UriOf(app));
        var upgrade = await StoppedAsync(ActivityKind.Server);
        using var caller = new Activity("caller").Start();
        await client.RequestAsync<Message>(new Message { Word = "x" });
        var (asked, answered) = (await StoppedAsync(ActivityKind.Client, "ask Message"), await StoppedAsync(ActivityKind.Server, "answer Message"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(asked.ParentSpanId, Is.EqualTo(caller.SpanId));
            Assert.That(current, Is.SameAs(answered));
            Assert.That(answered.ParentId, Is.Null);
            Assert.That(answered.TraceId, Is.Not.EqualTo(upgrade.TraceId));
            Assert.That(answered.Links.Select(link => link.Context.SpanId), Is.EqualTo(new[] { upgrade.SpanId }));
            Assert.That(answered.GetTagItem("ghms.message.type"), Is.EqualTo("Message"));
            Assert.That(Activity.Current, Is.SameAs(caller));
        }
    }

    [Test]
    public async Task A_request_that_fails_is_an_error_on_both_sides()
    {
        using var listener = Listen();
        var app = await ServeAsync(builder => builder.AddJson().AddMessage<Message>(code: 10)
            .Answer<Message, Message>((_, _, _) => throw new GhmsProtocolException(Protocol.Framing.CloseStatus.PolicyViolation, "No.")));
        await using var client = await new GhmsClientBuilder().AddJson().AddMessage<Message>(code: 10).AddRequests().ConnectAsync(UriOf(app));
        await Assert.ThatAsync(() => client.RequestAsync<Message>(new Message { Word = "x" }).AsTask(), Throws.TypeOf<GhmsRequestException>());
        var (asked, answered) = (await StoppedAsync(ActivityKind.Client, "ask Message"), await StoppedAsync(ActivityKind.Server, "answer Message"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((asked.Status, asked.GetTagItem("error.type")), Is.EqualTo((ActivityStatusCode.Error, typeof(GhmsRequestException).FullName)));
            Assert.That((answered.Status, answered.GetTagItem("error.type")), Is.EqualTo((ActivityStatusCode.Error, typeof(GhmsProtocolException).FullName)));
        }
    }

    [Test]
    public async Task A_stream_is_one_activity_from_its_first_item_to_its_end()
    {
        using var listener = Listen();
        var app = await ServeAsync(builder => builder.AddJson().AddMessage<Message>(code: 10).AnswerStream<Message, Message>((_, message, _) => RepeatAsync(message)));
        await using var client = await new GhmsClientBuilder().AddJson().AddMessage<Message>(code: 10).AddRequests().ConnectAsync(UriOf(app));
        var items = 0;
        await foreach (var item in client.StreamAsync<Message>(new Message { Word = "x" }))
        {
            items++;
            Assert.That(_stopped.Any(activity => activity.OperationName == "ask Message"), Is.False);
        }

        await StoppedAsync(ActivityKind.Client, "ask Message");
        await StoppedAsync(ActivityKind.Server, "answer Message");
        Assert.That(items, Is.EqualTo(3));
    }

    [Test]
    public async Task Handlers_run_in_no_activity_of_their_upgrade()
    {
        using var listener = Listen();
        var seen = new TaskCompletionSource<Activity?>();
        var app = await ServeAsync(builder => builder.AddJson().AddMessage<Message>(code: 10).Handle<Message>((_, _, _) =>
        {
            seen.SetResult(Activity.Current);
            return ValueTask.CompletedTask;
        }));
        using var peer = await WirePeer.UpgradeAsync(PortOf(app));
        await peer.SendFrameAsync(10, """{"Word":"x"}""");
        Assert.That(await seen.Task.WaitAsync(Patience.Long), Is.Null);
    }

    private Task<WebApplication> ServeAsync(Action<GhmsServerBuilder> configure) => isMapped ? StartMappedAsync(configure) : StartAsync(configure);

    private ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Ghms.TelemetryName,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private async Task<Activity> StoppedAsync(ActivityKind kind, string name = "GHMS upgrade")
    {
        using var late = new CancellationTokenSource(Patience.Long);
        while (true)
        {
            if (_stopped.FirstOrDefault(activity => activity.Kind == kind && activity.OperationName == name) is { } found)
            {
                return found;
            }

            late.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static async IAsyncEnumerable<Message> RepeatAsync(Message message)
    {
        for (var i = 0; i < 3; i++)
        {
            await Task.Yield();
            yield return message;
        }
    }
}
