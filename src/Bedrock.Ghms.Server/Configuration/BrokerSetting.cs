using Bedrock.Ghms.Broker;
using Microsoft.Extensions.Configuration;

namespace Bedrock.Ghms.Server.Configuration;

/// <summary>How one setting is read.</summary>
/// <param name="Name">Its name, with a dot after its group.</param>
/// <param name="Kind">What its value has to be, for messages.</param>
/// <param name="TrySet">Reads it; <see langword="false"/> if the value is something else.</param>
internal sealed record BrokerSetting(string Name, string Kind, Func<GhmsBrokerOptions, IConfigurationSection, bool> TrySet);
