using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>
/// A server to be measured. It speaks GHMS/0.1 with MessagePack, knows the codes of <see cref="Baseline.MessageCode"/>,
/// and counts what it has handled in the <see cref="Baseline.Counter"/> among the services before it answers.
/// </summary>
internal interface IServerKind
{
    string Name { get; }

    /// <summary>Whether the kind differs from the others at this work, so that it is worth measuring.</summary>
    bool Does(Work work);

    void AddServices(IServiceCollection services);

    void Listen(ListenOptions endpoint, Work work);
}
