using Bedrock.Ghms.Server.Tests.Support;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server.Tests;

/// <summary>ASP.NET Core's own authentication and authorization, asked by the broker.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class AuthorizationTests(bool isMapped) : ServerFixture
{
    [Test]
    public async Task Who_is_authenticated_comes_in_and_is_the_connections_user()
    {
        var app = await ServeAsync(builder => builder.RequireAuthorization());
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), fields: "Authorization: Bearer ann\r\n");
        await peer.EchoAsync();
        Assert.That(BrokerOf(app).Connections[0].User?.Identity?.Name, Is.EqualTo("ann"));
    }

    [TestCase("")]
    [TestCase("Authorization: Bearer nobody\r\n")]
    [TestCase("Authorization: Basic YTpi\r\n")]
    public async Task Anybody_else_gets_401_with_the_challenge_of_the_scheme(string fields)
    {
        var app = await ServeAsync(builder => builder.RequireAuthorization());
        var response = await AskAsync(app, "/orders?a=%20b", fields);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((response.Status, response.Body), Is.EqualTo((401, "Authentication is required.")));
            Assert.That(response["WWW-Authenticate"], Is.EqualTo("Bearer realm=\"Token\", path=\"/orders?a=%20b\""));
            Assert.That(response["Connection"], Is.EqualTo("close"));
        }
    }

    [Test]
    public async Task A_policy_that_is_not_met_is_403()
    {
        var app = await ServeAsync(builder =>
        {
            builder.Services.AddAuthorizationBuilder().AddPolicy("bosses", policy => policy.RequireUserName("bob"));
            builder.RequireAuthorization("bosses");
        });
        var ann = await AskAsync(app, "/", "Authorization: Bearer ann\r\n");
        using var bob = await WirePeer.UpgradeAsync(PortOf(app), fields: "Authorization: Bearer bob\r\n");
        Assert.That((ann.Status, ann.Body, ann["WWW-Authenticate"]), Is.EqualTo((403, "The upgrade is not allowed.", (string?)null)));
    }

    [Test]
    public async Task A_policy_may_name_the_scheme_and_look_at_the_request()
    {
        HttpContext? seen = null;
        var app = await ServeAsync(builder =>
        {
            TokenHandler.Add(builder.Services, "Other");
            builder.RequireAuthorization(policy => policy.AddAuthenticationSchemes("Other").RequireAssertion(context =>
            {
                seen = (HttpContext)context.Resource!;
                return seen.Request.Headers["X-Key"] == "7" && context.User.Identity!.AuthenticationType == "Other";
            }));
        });
        var stranger = await AskAsync(app, "/", "");
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), path: "/caf%C3%A9?a=1", fields: "Authorization: Bearer ann\r\nX-Key: 7\r\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stranger["WWW-Authenticate"], Does.StartWith("Bearer realm=\"Other\""));
            Assert.That((seen!.Request.Method, seen.Request.Path.Value, seen.Request.Query["a"].ToString()), Is.EqualTo(("GET", "/café", "1")));
            Assert.That((seen.Request.Scheme, seen.Request.Host.Value), Is.EqualTo(("http", "localhost")));
            Assert.That(seen.Connection.RemoteIpAddress, Is.EqualTo(System.Net.IPAddress.Loopback));
            Assert.That(seen.Connection.LocalPort, Is.EqualTo(PortOf(app)));
        }
    }

    [Test]
    public async Task A_scheme_that_sends_browsers_elsewhere_is_401_here()
    {
        var app = await ServeAsync(builder =>
        {
            builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
            builder.RequireAuthorization();
        });
        var response = await AskAsync(app, "/", "");
        Assert.That((response.Status, response["Location"], response["Set-Cookie"]), Is.EqualTo((401, (string?)null, (string?)null)));
    }

    [Test]
    public async Task A_challenge_that_cannot_be_sent_is_left_out()
    {
        var app = await ServeAsync(builder => builder.RequireAuthorization());
        var response = await AskAsync(app, "/caf%C3%A9", "");
        Assert.That((response.Status, response["WWW-Authenticate"]), Is.EqualTo((401, (string?)null)));
    }

    [Test]
    public async Task An_authorization_handler_gets_services_that_live_as_long_as_the_check()
    {
        var disposals = new Disposals();
        var app = await ServeAsync(builder =>
        {
            builder.Services.AddSingleton(disposals).AddScoped<Scoped>().AddScoped<IAuthorizationHandler, ScopedHandler>();
            builder.RequireAuthorization(policy => policy.AddAuthenticationSchemes("Token").AddRequirements(new Needs()));
        });
        using var peer = await WirePeer.UpgradeAsync(PortOf(app), fields: "Authorization: Bearer ann\r\n");
        Assert.That(disposals.Count, Is.EqualTo(1));
    }

    [Test]
    public void Authorization_without_authentication_keeps_the_host_from_starting()
    {
        Func<Task> start = () => StartAsync(
            services =>
            {
                var builder = services.AddGhms();
                Echo(builder);
                builder.RequireAuthorization();
            },
            listen => listen.UseConnectionHandler<GhmsHandler>());
        Assert.That(start, Throws.InvalidOperationException.With.Message.Contains("AddAuthentication"));
        ErrorsAreExpected();
    }

    private Task<WebApplication> ServeAsync(Action<GhmsServerBuilder> configure)
    {
        return isMapped ? StartMappedAsync(Configure) : StartAsync(Configure);

        void Configure(GhmsServerBuilder builder)
        {
            TokenHandler.Add(builder.Services);
            Echo(builder);
            configure(builder);
        }
    }

    private static async Task<WirePeer.Response> AskAsync(WebApplication app, string path, string fields)
    {
        using var peer = await WirePeer.ConnectAsync(PortOf(app));
        await peer.SendAsync(WirePeer.Request(path, fields));
        return await peer.ReadResponseAsync();
    }

    private sealed class Needs : IAuthorizationRequirement;

    private sealed class Disposals
    {
        public int Count { get; set; }
    }

    private sealed class Scoped(Disposals disposals) : IDisposable
    {
        public void Dispose() => disposals.Count++;
    }

    private sealed class ScopedHandler(Scoped scoped) : AuthorizationHandler<Needs>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, Needs requirement)
        {
            _ = scoped;
            context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }
}
