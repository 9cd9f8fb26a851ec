using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Bedrock.Ghms.Server.Tests.Clients;

/// <summary>Whom a client trusts, what it shows of itself, and what it says when that fails.</summary>
internal sealed class CertificateTests : TlsFixture
{
    private static readonly X509Certificate2 Good = Authority.Issue("127.0.0.1");
    private static readonly X509Certificate2 Ann = Authority.Issue("ann");

    [Test]
    public async Task A_root_that_nobody_knows_is_not_trusted()
    {
        var app = await ServeAsync(Good);
        var failure = await FailureAsync<GhmsTlsException>(() => Builder().ConnectAsync(UriOf(app)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Code, Is.EqualTo(GhmsError.TlsFailed));
            Assert.That(failure.PolicyErrors, Is.EqualTo(SslPolicyErrors.RemoteCertificateChainErrors));
            Assert.That(failure.ChainStatus & (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot), Is.Not.Zero);
            Assert.That(failure.Message, Does.Contain("'127.0.0.1'").And.Contain(failure.ChainStatus.ToString()));
        }
    }

    [Test]
    public async Task A_root_of_one_s_own_is_trusted_and_no_other_is()
    {
        var good = await ServeAsync(Good);
        var other = await ServeAsync(Certificates.Server);
        await using var client = await Builder().UseTls(Authority.Trust).ConnectAsync(UriOf(good)).WaitAsync(Patience.Long);
        await EchoAsync(client);
        var failure = await FailureAsync<GhmsTlsException>(() => Builder().UseTls(Authority.Trust).ConnectAsync(UriOf(other)));
        Assert.That(failure.PolicyErrors, Is.EqualTo(SslPolicyErrors.RemoteCertificateChainErrors));
    }

    [Test]
    public async Task A_certificate_for_another_name_is_refused_and_named()
    {
        var app = await ServeAsync(Authority.Issue("elsewhere.test"));
        var failure = await FailureAsync<GhmsTlsException>(() => Builder().UseTls(Authority.Trust).ConnectAsync(UriOf(app)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.PolicyErrors, Is.EqualTo(SslPolicyErrors.RemoteCertificateNameMismatch));
            Assert.That(failure.ChainStatus, Is.EqualTo(X509ChainStatusFlags.NoError));
            Assert.That(failure.Message, Is.EqualTo("The certificate of '127.0.0.1' was refused: it is for elsewhere.test."));
        }
    }

    [TestCase(-2, -1)]
    [TestCase(1, 2)]
    public async Task A_certificate_that_is_not_valid_now_is_refused_and_says_when_it_is(int from, int to)
    {
        var certificate = Authority.Issue("127.0.0.1", from, to);
        var app = await ServeAsync(certificate);
        var failure = await FailureAsync<GhmsTlsException>(() => Builder().UseTls(Authority.Trust).ConnectAsync(UriOf(app)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.ChainStatus, Is.EqualTo(X509ChainStatusFlags.NotTimeValid));
            Assert.That(failure.Message, Does.Contain("NotTimeValid").And.Contain($"to {certificate.NotAfter.ToUniversalTime():u}"));
        }
    }

    [Test]
    public async Task A_revocation_that_cannot_be_looked_up_is_said_to_be_that()
    {
        var app = await ServeAsync(Good);
        var failure = await FailureAsync<GhmsTlsException>(() => Builder().UseTls(tls =>
        {
            Authority.Trust(tls);
            tls.CertificateChainPolicy!.RevocationMode = X509RevocationMode.Offline;
            tls.CertificateChainPolicy.RevocationFlag = X509RevocationFlag.EndCertificateOnly;
        }).ConnectAsync(UriOf(app)));
        Assert.That(failure.ChainStatus.HasFlag(X509ChainStatusFlags.RevocationStatusUnknown), failure.Message);
    }

    [Test]
    public async Task A_callback_of_one_s_own_has_the_last_word()
    {
        var app = await ServeAsync(Certificates.Server);
        await using var client = await Builder().UseTls(tls => tls.RemoteCertificateValidationCallback =
            (_, shown, _, errors) => errors != SslPolicyErrors.None && shown!.GetCertHashString() == Certificates.Server.GetCertHashString())
            .ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
        await EchoAsync(client);

        var good = await ServeAsync(Good);
        var failure = await FailureAsync<GhmsTlsException>(() => Builder().UseTls(tls =>
        {
            Authority.Trust(tls);
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => false;
        }).ConnectAsync(UriOf(good)));
        Assert.That(failure.Message, Does.Contain("RemoteCertificateValidationCallback"));
    }

    [Test]
    public async Task A_client_s_certificate_is_shown_to_a_server_that_asks_for_one()
    {
        var app = await ServeAsync(Good, RequireCertificate);
        await using var client = await Builder().UseTls(tls =>
        {
            Authority.Trust(tls);
            tls.ClientCertificates = [Ann];
        }).ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
        await EchoAsync(client);
        Assert.That(BrokerOf(app).Connections[0].ClientCertificate?.Subject, Is.EqualTo("CN=ann"));
    }

    // TLS 1.3 is done for the client before the server has looked at what it was shown.
    [Test]
    public async Task A_client_without_a_certificate_is_turned_away_where_one_is_needed()
    {
        var app = await ServeAsync(Good, RequireCertificate);
        Assert.That(
            async () => await Builder().UseTls(Authority.Trust).ConnectAsync(UriOf(app)).WaitAsync(Patience.Long),
            Throws.TypeOf<GhmsUpgradeException>().Or.TypeOf<GhmsTlsException>());
        Assert.That(BrokerOf(app).Connections, Is.Empty);
    }

    [Test]
    public async Task The_settings_are_asked_for_on_every_attempt()
    {
        var app = await ServeAsync(Good, RequireCertificate);
        var shown = new Queue<X509Certificate2>([Ann, Authority.Issue("bob")]);
        var builder = Builder().UseTls(tls =>
        {
            Authority.Trust(tls);
            tls.ClientCertificates = [shown.Dequeue()];
        });
        for (var i = 0; i < 2; i++)
        {
            await using var client = await builder.ConnectAsync(UriOf(app)).WaitAsync(Patience.Long);
            await EchoAsync(client);
        }

        Assert.That(shown, Is.Empty);
    }

    [Test]
    public async Task The_name_in_Host_is_the_one_that_is_sent_and_checked()
    {
        var asked = new List<string?>();
        var localhost = Authority.Issue("localhost");
        var app = await ServeAsync(localhost, https => https.ServerCertificateSelector = (_, name) =>
        {
            asked.Add(name);
            return localhost;
        });
        var endpoint = new IPEndPoint(IPAddress.Loopback, PortOf(app));
        await using var client = await Builder().UseTls(Authority.Trust).ConnectAsync(endpoint, "/", $"localhost:{PortOf(app)}").WaitAsync(Patience.Long);
        await EchoAsync(client);
        Assert.That(asked, Is.EqualTo(new[] { "localhost" }));
    }

    private static void RequireCertificate(HttpsConnectionAdapterOptions https)
    {
        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.AllowAnyClientCertificate();
    }
}
