using System.Text.Json;

namespace Microservices;

/// <summary>The books of stock: a line for each reservation, in a file that outlives the process. A database would do as well. Safe for concurrent use.</summary>
internal sealed class Journal
{
    private const int InitialLevel = 1_000;

    private static readonly string[] Items = ["cocoa", "coffee", "tea"];

    private readonly Lock _sync = new();
    private readonly string _path;
    private readonly Dictionary<int, Reserve> _reservations = [];
    private int _lines;

    public Journal(string path)
    {
        _path = path;
        foreach (var line in File.Exists(path) ? File.ReadAllLines(path) : [])
        {
            var reserve = JsonSerializer.Deserialize<Reserve>(line)!;
            _reservations[reserve.Order] = reserve;
            _lines++;
        }
    }

    /// <summary>Writes a reservation down, unless its order has one.</summary>
    public bool TryAdd(Reserve reserve)
    {
        lock (_sync)
        {
            if (!_reservations.TryAdd(reserve.Order, reserve))
            {
                return false;
            }

            File.AppendAllLines(_path, [JsonSerializer.Serialize(reserve)]);
            _lines++;
            return true;
        }
    }

    public Level LevelOf(string item)
    {
        lock (_sync)
        {
            return new Level(item, InitialLevel - _reservations.Values.Where(reserve => reserve.Item == item).Sum(reserve => reserve.Count));
        }
    }

    public StockTaken Take()
    {
        lock (_sync)
        {
            return new StockTaken(_lines, _reservations.Count, [.. Items.Select(LevelOf)]);
        }
    }
}
