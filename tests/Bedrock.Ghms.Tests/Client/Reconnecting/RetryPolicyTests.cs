using System.Net.Sockets;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Client.Reconnecting;
using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Tests.Client.Reconnecting;

/// <summary>When a client tries again, cause by cause.</summary>
internal sealed class RetryPolicyTests
{
    private static readonly GhmsReconnectOptions Options = new()
    {
        InitialDelay = TimeSpan.FromMilliseconds(100),
        MaxDelay = TimeSpan.FromSeconds(10),
        MaxAttempts = 20,
    };

    // kind, hint in seconds, failures in a row, jitter, wait in milliseconds
    [TestCase(RetryKind.Failed, null, 0, 1.0, 0, TestName = "A lost connection is made anew at once")]
    [TestCase(RetryKind.Failed, null, 1, 1.0, 100, TestName = "Then the bound is the initial delay")]
    [TestCase(RetryKind.Failed, null, 1, 0.0, 0, TestName = "The jitter is full: it goes down to nothing")]
    [TestCase(RetryKind.Failed, null, 1, 0.25, 25)]
    [TestCase(RetryKind.Failed, null, 2, 1.0, 200, TestName = "The bound doubles")]
    [TestCase(RetryKind.Failed, null, 7, 1.0, 6_400)]
    [TestCase(RetryKind.Failed, null, 8, 1.0, 10_000, TestName = "The bound ends at the largest delay")]
    [TestCase(RetryKind.Failed, null, 19, 0.5, 5_000)]
    [TestCase(RetryKind.Failed, 7, 0, 0.5, 7_050, TestName = "Who is told when to come back comes no earlier, and not with all others")]
    [TestCase(RetryKind.Failed, 60, 3, 0.5, 60_200, TestName = "A hint counts beyond the largest delay")]
    [TestCase(RetryKind.Failed, 999_999_999, 1, 0.0, 99_999_000, TestName = "No hint counts beyond what a Close has room for")]
    [TestCase(RetryKind.TurnedOut, null, 0, 1.0, 100, TestName = "Who is turned out does not come back at once")]
    [TestCase(RetryKind.TurnedOut, 5, 0, 1.0, 5_100)]
    [TestCase(RetryKind.Refused, null, 3, 1.0, 400, TestName = "Other credentials are asked for at the ordinary times")]
    public void Waits(RetryKind kind, int? hint, int failures, double jitter, int wait)
    {
        var cause = new RetryCause(kind, hint is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        var holdBack = kind == RetryKind.Refused ? Options.MaxDelay : TimeSpan.Zero;
        Assert.That(RetryPolicy.Decide(cause, failures, Options, jitter), Is.EqualTo(new RetryPlan(TimeSpan.FromMilliseconds(wait), holdBack)));
    }

    [TestCase(RetryKind.Final, 0, true)]
    [TestCase(RetryKind.Impossible, 0, true)]
    [TestCase(RetryKind.Failed, 19, false)]
    [TestCase(RetryKind.Failed, 20, true)]
    [TestCase(RetryKind.Refused, 20, true)]
    [TestCase(RetryKind.TurnedOut, 21, true)]
    public void Giving_up(RetryKind kind, int failures, bool givesUp) =>
        Assert.That(RetryPolicy.Decide(new RetryCause(kind), failures, Options, 1) is null, Is.EqualTo(givesUp));

    [Test]
    public void Without_a_limit_it_never_gives_up() =>
        Assert.That(RetryPolicy.Decide(new RetryCause(RetryKind.Failed), 2_000_000_000, new GhmsReconnectOptions(), 1), Is.EqualTo(new RetryPlan(TimeSpan.FromSeconds(30))));

    private static readonly TestCaseData[] Failures =
    [
        new(new SocketException((int)SocketError.ConnectionRefused), RetryKind.Failed, null),
        new(new SocketException((int)SocketError.HostNotFound), RetryKind.Failed, null),
        new(new TimeoutException(), RetryKind.Failed, null),
        new(new IOException(), RetryKind.Failed, null),
        new(new GhmsTlsException("expired"), RetryKind.Failed, null),
        new(new GhmsProxyException("closed"), RetryKind.Failed, null),
        new(new GhmsUpgradeException("lost"), RetryKind.Failed, null),
        new(new GhmsUpgradeException(404, "", ""), RetryKind.Failed, null),
        new(new GhmsUpgradeException(503, "", "") { RetryAfter = TimeSpan.FromSeconds(7) }, RetryKind.Failed, 7),
        new(new GhmsUpgradeException(401, "", ""), RetryKind.Refused, null),
        new(new GhmsUpgradeException(403, "", "") { RetryAfter = TimeSpan.FromSeconds(8) }, RetryKind.Refused, 8),
        new(new ArgumentException("header"), RetryKind.Impossible, null),
        new(new NotSupportedException("end point"), RetryKind.Impossible, null),
        new(new GhmsInvalidEncodingException("none"), RetryKind.Impossible, null),
        new(new GhmsConnectionClosedException("broker"), RetryKind.Final, null),
    ];

    [TestCaseSource(nameof(Failures))]
    public void What_a_failed_attempt_means(Exception failure, RetryKind kind, int? hint) =>
        Assert.That(RetryCause.Of(failure), Is.EqualTo(new RetryCause(kind, hint is { } seconds ? TimeSpan.FromSeconds(seconds) : null)));

    [TestCase(ConnectionEndCause.ClosedHere, CloseStatus.Normal, "", 60, RetryKind.Final, null)]
    [TestCase(ConnectionEndCause.ClosedHere, CloseStatus.GoingAway, "", 60, RetryKind.Failed, null)]
    [TestCase(ConnectionEndCause.ClosedHere, CloseStatus.GoingAway, "retry-after=9;", 60, RetryKind.Failed, null)]
    [TestCase(ConnectionEndCause.ClosedHere, CloseStatus.ProtocolError, "", 60, RetryKind.Failed, null)]
    [TestCase(ConnectionEndCause.ClosedHere, CloseStatus.PolicyViolation, "", 1, RetryKind.Failed, null)]
    [TestCase(ConnectionEndCause.ClosedHere, CloseStatus.HandlerFailed, "", 60, RetryKind.Failed, null)]
    [TestCase(ConnectionEndCause.ClosedByPeer, CloseStatus.Normal, "", 60, RetryKind.Failed, null)]
    [TestCase(ConnectionEndCause.ClosedByPeer, CloseStatus.GoingAway, "", 60, RetryKind.Failed, null)]
    [TestCase(ConnectionEndCause.ClosedByPeer, CloseStatus.GoingAway, "retry-after=9; bye", 60, RetryKind.Failed, 9)]
    [TestCase(ConnectionEndCause.ClosedByPeer, CloseStatus.TryAgainLater, "retry-after=3;", 1, RetryKind.Failed, 3)]
    [TestCase(ConnectionEndCause.ClosedByPeer, CloseStatus.PolicyViolation, "", 4.999, RetryKind.Refused, null)]
    [TestCase(ConnectionEndCause.ClosedByPeer, CloseStatus.PolicyViolation, "", 5, RetryKind.TurnedOut, null)]
    [TestCase(ConnectionEndCause.EndedByPeer, CloseStatus.None, "", 60, RetryKind.Failed, null)]
    [TestCase(ConnectionEndCause.Lost, CloseStatus.None, "", 60, RetryKind.Failed, null)]
    public void What_the_end_of_a_connection_means(
        ConnectionEndCause cause, CloseStatus status, string reason, double lasted, RetryKind kind, int? hint) => Assert.That(
        RetryCause.Of(new ConnectionEnd(cause, status, reason), TimeSpan.FromSeconds(lasted)),
        Is.EqualTo(new RetryCause(kind, hint is { } seconds ? TimeSpan.FromSeconds(seconds) : null)));

    [Test]
    public void Each_broken_rule_is_named()
    {
        var builder = new GhmsClientBuilder().AddJson().ConnectTo(new Uri("http://localhost/")).UseReconnect(options =>
        {
            options.InitialDelay = TimeSpan.FromDays(3);
            options.MaxDelay = TimeSpan.FromDays(2);
            options.AttemptTimeout = TimeSpan.Zero;
            options.MaxAttempts = 0;
            options.MaxWaitingSends = -1;
        });
        var error = Assert.Throws<GhmsInvalidConfigException>(() => builder.Build())!;
        Assert.That(error.Failures.Select(failure => failure[..failure.IndexOf(' ', StringComparison.Ordinal)]), Is.EqualTo(new[]
        {
            "InitialDelay", "MaxDelay", "AttemptTimeout", "MaxAttempts", "MaxWaitingSends",
        }));
    }

    [Test]
    public void The_defaults_keep_the_rules()
    {
        Assert.That(new GhmsReconnectOptions().Check(), Is.Empty);
        Assert.That(new GhmsReconnectOptions { InitialDelay = TimeSpan.Zero }.Check(), Has.Count.EqualTo(1));
    }
}
