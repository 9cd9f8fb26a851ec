using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bedrock.Ghms.Server.Tests.Support;

/// <summary>Authenticates whoever says <c>Authorization: Bearer NAME</c> as NAME, but not as nobody.</summary>
internal sealed class TokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public static void Add(IServiceCollection services, string scheme = "Token") => services
        .AddAuthentication(scheme)
        .AddScheme<AuthenticationSchemeOptions, TokenHandler>(scheme, null);

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate(Request.Headers.Authorization.ToString()));

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = $"Bearer realm=\"{Scheme.Name}\", path=\"{Request.Path.Value}{Request.QueryString}\"";
        return base.HandleChallengeAsync(properties);
    }

    private AuthenticateResult Authenticate(string authorization)
    {
        if (!authorization.StartsWith("Bearer ", StringComparison.Ordinal))
        {
            return AuthenticateResult.NoResult();
        }

        var name = authorization["Bearer ".Length..];
        return name == "nobody"
            ? AuthenticateResult.Fail("Nobody cannot come in.")
            : AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], Scheme.Name)), Scheme.Name));
    }
}
