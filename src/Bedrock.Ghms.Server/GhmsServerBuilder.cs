using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Server.Admission;
using Bedrock.Ghms.Server.Configuration;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Server;

/// <summary>Builds a broker that the host starts. Not safe for concurrent use.</summary>
public sealed class GhmsServerBuilder : GhmsBuilder<GhmsServerBuilder>
{
    internal GhmsServerBuilder(string name, IServiceCollection services)
    {
        Name = name;
        Services = services;
        if (name.Length > 0)
        {
            Definition.Name = name;
        }
    }

    /// <summary>The broker's name; empty for the only one.</summary>
    public string Name { get; }

    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Reads settings from the application's configuration when the broker starts; what it does not hold stays as it is.</summary>
    /// <remarks>An unknown key and a value that cannot be read keep the host from starting, as a setting out of bounds does; the error names the key.</remarks>
    /// <param name="sectionPath">The section with the settings of <see cref="GhmsBrokerOptions"/>; by default <c>Ghms</c> for the broker without a
    /// name and <c>Ghms:NAME</c> for any other.</param>
    public GhmsServerBuilder BindConfiguration(string? sectionPath = null)
    {
        Definition.Options.Add((services, options) =>
        {
            var configuration = services.GetRequiredService<IConfiguration>();
            if (sectionPath is null)
            {
                BrokerSection.BindDefault(configuration, Name, services.GetServices<GhmsServerBuilder>().Select(builder => builder.Name), options);
            }
            else
            {
                BrokerSection.Bind(configuration.GetSection(sectionPath), options);
            }
        });
        return this;
    }

    /// <summary>Checks each upgrade request before its connection is let in: it may be refused, or be given a user and items.</summary>
    /// <param name="check">Runs after everything the protocol itself asks of a request, before a place is reserved. If it fails, the answer is 500 and the
    /// failure is logged; if it takes longer than <see cref="UpgradeOptions.AdmissionTimeout"/>, 503. Several checks run in order, until one refuses.</param>
    public GhmsServerBuilder Admit(AdmissionHandler check)
    {
        ArgumentNullException.ThrowIfNull(check);
        return Admit(_ => check);
    }

    /// <summary>Checks each upgrade request with what <paramref name="factory"/> makes when the broker starts.</summary>
    /// <inheritdoc cref="Admit(AdmissionHandler)"/>
    public GhmsServerBuilder Admit(Func<IServiceProvider, AdmissionHandler> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        Definition.Admission.Add(factory);
        return this;
    }

    /// <summary>Lets in whom the application's authentication and authorization let in: <c>AddAuthentication</c> and <c>AddAuthorization</c>.</summary>
    /// <remarks>
    /// This is for raw listeners, which no middleware stands before; it holds on mapped endpoints too. A peer that is not authenticated gets 401 with the
    /// <c>WWW-Authenticate</c> of the scheme's challenge, one that may not come in 403.
    /// </remarks>
    /// <param name="policyNames">Policies that must all be met; the default policy if there is none.</param>
    public GhmsServerBuilder RequireAuthorization(params string[] policyNames)
    {
        ArgumentNullException.ThrowIfNull(policyNames);
        IAuthorizeData[] required = policyNames.Length == 0 ? [new AuthorizeAttribute()] : [.. policyNames.Select(name => new AuthorizeAttribute(name))];
        return RequireAuthorization(policies => AuthorizationPolicy.CombineAsync(policies, required));
    }

    /// <summary>Lets in whom a policy lets in; it may name the authentication schemes to use.</summary>
    /// <param name="configurePolicy">Makes the policy.</param>
    /// <inheritdoc cref="RequireAuthorization(string[])" path="/remarks"/>
    public GhmsServerBuilder RequireAuthorization(Action<AuthorizationPolicyBuilder> configurePolicy)
    {
        ArgumentNullException.ThrowIfNull(configurePolicy);
        var builder = new AuthorizationPolicyBuilder();
        configurePolicy(builder);
        var policy = builder.Build();
        return RequireAuthorization(_ => Task.FromResult<AuthorizationPolicy?>(policy));
    }

    private GhmsServerBuilder RequireAuthorization(Func<IAuthorizationPolicyProvider, Task<AuthorizationPolicy?>> findPolicy)
    {
        Services.AddAuthorization();
        return Admit(services => new AuthorizationCheck(services, findPolicy).CheckAsync);
    }
}
