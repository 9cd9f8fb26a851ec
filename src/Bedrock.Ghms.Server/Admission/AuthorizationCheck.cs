using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Bedrock.Ghms.Server.Admission;

/// <summary>Asks ASP.NET Core's authentication and authorization about an upgrade request, as their middleware does about any other.</summary>
internal sealed class AuthorizationCheck
{
    private readonly IServiceProvider _services;
    private readonly Func<IAuthorizationPolicyProvider, Task<AuthorizationPolicy?>> _findPolicy;

    public AuthorizationCheck(IServiceProvider services, Func<IAuthorizationPolicyProvider, Task<AuthorizationPolicy?>> findPolicy)
    {
        _services = services;
        _findPolicy = findPolicy;
        if (services.GetService<IAuthenticationSchemeProvider>() is null)
        {
            throw new InvalidOperationException("A GHMS broker requires authorization, and there is no authentication: call builder.Services.AddAuthentication() first.");
        }
    }

    public async ValueTask<UpgradeRefusal?> CheckAsync(AdmissionContext request, CancellationToken cancellationToken)
    {
        var scope = _services.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            var services = scope.ServiceProvider;
            var policy = await _findPolicy(services.GetRequiredService<IAuthorizationPolicyProvider>()).ConfigureAwait(false)
                ?? throw new InvalidOperationException("There is no policy to authorize an upgrade with.");
            var context = AdmissionHttpContext.Create(request, services, cancellationToken);
            if (policy.AuthenticationSchemes.Count == 0)
            {
                await AuthenticateAsync(context).ConfigureAwait(false);
            }

            var evaluator = services.GetRequiredService<IPolicyEvaluator>();
            var authentication = await evaluator.AuthenticateAsync(policy, context).ConfigureAwait(false);
            var authorization = await evaluator.AuthorizeAsync(policy, authentication, context, context).ConfigureAwait(false);
            if (authorization.Succeeded)
            {
                request.User = context.User;
                return null;
            }

            await services.GetRequiredService<IAuthorizationMiddlewareResultHandler>()
                .HandleAsync(static _ => Task.CompletedTask, context, policy, authorization).ConfigureAwait(false);
            return Refusal(context.Response, authorization);
        }
    }

    // A policy that names no scheme relies on the default one, which the middleware asks on its own account.
    private static async Task AuthenticateAsync(HttpContext context)
    {
        var schemes = context.RequestServices.GetRequiredService<IAuthenticationSchemeProvider>();
        if (await schemes.GetDefaultAuthenticateSchemeAsync().ConfigureAwait(false) is { } scheme
            && await context.AuthenticateAsync(scheme.Name).ConfigureAwait(false) is { Principal: { } user })
        {
            context.User = user;
        }
    }

    // A scheme made for browsers answers with a redirect, of which a service can make nothing.
    private static UpgradeRefusal Refusal(HttpResponse response, PolicyAuthorizationResult authorization)
    {
        var known = UpgradeRefusal.For(authorization.Forbidden ? UpgradeRejection.Forbidden : UpgradeRejection.Unauthorized);
        var status = response.StatusCode is >= 400 and <= 599 ? response.StatusCode : known.Status;
        return new UpgradeRefusal(status, known.Text) { Fields = Challenges(response.Headers.WWWAuthenticate) };
    }

    // Some challenges quote what they were sent.
    private static List<KeyValuePair<string, string>> Challenges(StringValues challenges) =>
    [
        .. from challenge in challenges
           where challenge is not null && FieldSyntax.IsSendable(challenge) && challenge.Length < 4_096
           select KeyValuePair.Create("WWW-Authenticate", challenge),
    ];
}
