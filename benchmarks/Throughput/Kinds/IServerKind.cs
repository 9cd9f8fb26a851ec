using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bedrock.Ghms.Throughput.Kinds;

/// <summary>
/// A server to be measured. It speaks GHMS/0.1 with MessagePack and knows the codes of <see cref="Baseline.MessageCode"/>.
/// </summary>
internal interface IServerKind
{
    string Name { get; }

    /// <summary>Whether the kind differs from the others at this work, so that it is worth measuring.</summary>
    bool Does(Work work);

    void AddServices(IServiceCollection services, Work work);

    /// <summary>How many messages the server has received, by its own count.</summary>
    long Handled(IServiceProvider services);

    void Listen(ListenOptions endpoint, Work work);
}
