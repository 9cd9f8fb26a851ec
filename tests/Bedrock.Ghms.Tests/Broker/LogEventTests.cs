using System.Reflection;
using Bedrock.Ghms.Broker;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Tests.Broker;

internal sealed class LogEventTests
{
    private static readonly LoggerMessageAttribute[] Events = [.. typeof(GhmsBroker).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
        .OfType<LoggerMessageAttribute>()];

    // Whoever filters or counts by them finds out here, not in production. An id that is no longer used stays unused.
    private static readonly (int Id, string Name)[] Pinned =
    [
        (1, "Connected"), (2, "Disconnected"), (3, "ClosedByPeer"), (4, "ProtocolViolation"), (5, "HandlerFailed"), (6, "TooSlow"), (7, "Lost"),
        (8, "Idle"), (9, "Trickle"), (10, "Unhandled"), (11, "DisconnectedFailed"), (12, "LookAheadFull"), (13, "UpgradeRefused"),
        (14, "UpgradeFailed"), (15, "TooManyUpgrades"), (16, "AdmissionFailed"), (17, "AdmissionTimeout"), (20, "Dropping"), (21, "CaughtUp"),
        (30, "AnswerFailed"), (31, "RequestRefused"), (32, "RequestMessageNotSent"),
        (40, "PublicationDenied"), (41, "PublicationUndelivered"), (42, "NotRetained"), (43, "SubscriptionCallbackFailed"),
        (44, "SubscriberTooSlow"), (45, "SubscriptionResultTooBig"), (50, "PublicationUndecodable"), (51, "SubscriptionNotRestored"),
        (70, "ClientConnecting"), (71, "ClientConnected"), (72, "ClientAttemptFailed"), (73, "ClientConnectionLost"), (74, "ClientWaiting"),
        (75, "ClientHeldBack"), (76, "ClientGaveUp"), (77, "ClientStateChangedFailed"), (80, "HostedClientGaveUp"),
    ];

    [Test]
    public void Every_event_keeps_its_id_and_its_name() =>
        Assert.That(Events.Select(e => (e.EventId, e.EventName)).Distinct().Order(), Is.EqualTo(Pinned));

    [Test]
    public void Every_event_has_an_id_and_a_name_of_its_own()
    {
        Assert.That(Events, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Events.Select(e => e.EventId), Is.Unique.And.All.GreaterThan(0));
            Assert.That(Events.Select(e => e.EventName), Is.Unique.And.All.Not.Null);
        }
    }
}
