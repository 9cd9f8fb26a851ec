using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Bedrock.Ghms.Server.Monitor;

/// <summary>Which connections a snapshot is to list: the first <c>limit</c> of those in which <c>find</c> occurs, by <c>sort</c>, the most first.</summary>
internal sealed class SnapshotQuery
{
    private const int LargestLimit = 1_000;

    private static readonly Dictionary<string, Func<ConnectionSnapshot, double>> Orders = new()
    {
        ["pending"] = connection => connection.PendingBytes,
        ["dropped"] = connection => connection.Dropped,
        ["sent"] = connection => connection.Total.SentMessages,
        ["received"] = connection => connection.Total.ReceivedMessages,
        ["sentRate"] = connection => connection.Rate?.SentMessages ?? 0,
        ["receivedRate"] = connection => connection.Rate?.ReceivedMessages ?? 0,
        ["sentBytes"] = connection => connection.Total.SentBytes,
        ["receivedBytes"] = connection => connection.Total.ReceivedBytes,
    };

    private static readonly Dictionary<string, Func<ConnectionSnapshot, string?>> Texts = new()
    {
        ["id"] = connection => connection.Id,
        ["remote"] = connection => connection.Remote,
        ["path"] = connection => connection.Path,
        ["encoding"] = connection => connection.Encoding,
        ["user"] = connection => connection.User,
    };

    private string _sort = "pending";
    private bool _ascending;
    private int _limit = 200;
    private string _find = "";

    public static bool TryRead(IQueryCollection query, [NotNullWhen(true)] out SnapshotQuery? read)
    {
        read = new SnapshotQuery { _find = query["find"].ToString(), _ascending = query["order"] == "ascending" };
        if (query.TryGetValue("sort", out var sort))
        {
            read._sort = sort.ToString();
        }

        return (Orders.ContainsKey(read._sort) || Texts.ContainsKey(read._sort))
            && (!query.TryGetValue("limit", out var limit)
                || (int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out read._limit) && read._limit <= LargestLimit));
    }

    public MonitorSnapshot ApplyTo(MonitorSnapshot snapshot) =>
        snapshot with { Brokers = [.. snapshot.Brokers.Select(ApplyTo)] };

    private BrokerSnapshot ApplyTo(BrokerSnapshot broker)
    {
        var found = broker.Connections.Where(IsFound).ToList();
        return broker with { Found = found.Count, Connections = [.. Sort(found).Take(_limit)] };
    }

    // Those that are alike stand in the order in which they came, so that nothing jumps about.
    private IOrderedEnumerable<ConnectionSnapshot> Sort(List<ConnectionSnapshot> connections) =>
        Orders.TryGetValue(_sort, out var number)
            ? _ascending ? connections.OrderBy(number) : connections.OrderByDescending(number)
            : _ascending ? connections.OrderBy(Texts[_sort], StringComparer.Ordinal) : connections.OrderByDescending(Texts[_sort], StringComparer.Ordinal);

    private bool IsFound(ConnectionSnapshot connection) =>
        _find.Length == 0 || Texts.Values.Any(text => text(connection)?.Contains(_find, StringComparison.OrdinalIgnoreCase) == true);
}
