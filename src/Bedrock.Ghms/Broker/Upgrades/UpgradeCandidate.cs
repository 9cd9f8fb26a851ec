using System.Collections.ObjectModel;
using System.Security.Claims;
using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;
using Microsoft.AspNetCore.Connections;

namespace Bedrock.Ghms.Broker.Upgrades;

/// <summary>A request for an upgrade that its broker can give; what is left is the host's own check, and room.</summary>
/// <remarks>From <c>Upgrade</c> on, raw listeners and mapped endpoints judge alike (section 1), and here.</remarks>
internal sealed class UpgradeCandidate
{
    // All of them, if the broker's own checks want to see them, and until they have.
    private ReadOnlyDictionary<string, string>? _headers;

    private UpgradeCandidate(GhmsBroker broker, string mediaType, ConnectionTerms terms)
    {
        Broker = broker;
        MediaType = mediaType;
        Terms = terms;
    }

    public GhmsBroker Broker { get; }

    /// <summary>The name of the chosen encoding to answer with.</summary>
    public string MediaType { get; }

    public ConnectionTerms Terms { get; }

    public ClaimsPrincipal? User { get; set; }

    /// <summary>Judges what depends on the header fields alone.</summary>
    /// <returns>What to answer, or <see langword="null"/> when there is a candidate.</returns>
    public static UpgradeRefusal? Judge(
        GhmsBroker broker, UpgradeFields fields, string path, string query, out UpgradeCandidate? candidate)
    {
        candidate = null;
        var rejection = UpgradeRequestRules.CheckUpgrade(fields, out var terms);
        if (rejection != UpgradeRejection.None)
        {
            return UpgradeRefusal.For(rejection);
        }

        if (!broker.MediaTypes.TryChoose(fields, out var encoding, out var mediaType))
        {
            return broker.NotAcceptable;
        }

        var kept = broker.Options.Upgrade.KeptHeaders;
        candidate = new UpgradeCandidate(broker, mediaType, new ConnectionTerms
        {
            Path = path,
            Query = query,
            Encoding = encoding,
            PeerTimeout = terms.Timeout,
            PeerMaxMessageSize = terms.MaxMessageSize,
            Headers = kept.Count == 0 ? null : Read(fields, kept),
        })
        {
            _headers = broker.HasAdmission ? Read(fields, only: null) : null,
        };
        return null;
    }

    /// <summary>Asks the host's own checks, then reserves a place.</summary>
    /// <returns>What to answer, or <see langword="null"/> when the place is taken.</returns>
    public async ValueTask<UpgradeRefusal?> EnterAsync(ConnectionContext transport, CancellationToken stopping)
    {
        if (Broker.HasAdmission)
        {
            var request = new AdmissionContext(transport, this, _headers!);
            _headers = null;
            if (await Broker.AdmitAsync(request, stopping).ConfigureAwait(false) is { } refusal)
            {
                return refusal;
            }
        }

        if (Broker.IsClosed)
        {
            return Broker.Refuse(UpgradeRejection.ShuttingDown);
        }

        var rejection = Broker.Room.TryTake(transport.RemoteEndPoint);
        return rejection == UpgradeRejection.None ? null : Broker.Refuse(rejection);
    }

    /// <summary>Makes the connection of a candidate that was let in.</summary>
    public GhmsConnection Connect(ConnectionContext transport) => new(Broker, transport, Terms) { User = User };

    private static ReadOnlyDictionary<string, string> Read(UpgradeFields fields, IList<string>? only)
    {
        var read = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in fields)
        {
            var name = Encoding.ASCII.GetString(field.Name);
            if (only is null || only.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                var value = Encoding.Latin1.GetString(field.Value);

                // Fields of one name are one list (RFC 9110 §5.3).
                read[name] = read.TryGetValue(name, out var earlier) ? $"{earlier}, {value}" : value;
            }
        }

        return read.AsReadOnly();
    }
}
