using Bedrock.Ghms.Broker;
using Bedrock.Ghms.Messages;

namespace Microservices;

/// <summary>Asks stock to set goods aside for an order. Stock knows orders by their number: asking again changes nothing.</summary>
internal sealed record Reserve(int Order, string Item, int Count) : IMessage
{
    public static uint MessageCode => 10;
}

/// <summary>The answer to <see cref="Reserve"/>: it is in the books.</summary>
internal sealed record Reserved(int Order) : IMessage
{
    public static uint MessageCode => 11;
}

/// <summary>How much is left of an item. Stock publishes it to <c>stock/ITEM</c>, which retains it.</summary>
internal sealed record Level(string Item, int Count) : IMessage
{
    public static uint MessageCode => 12;
}

/// <summary>An order has its goods. Orders publishes it to <c>orders/NUMBER</c>, which retains it.</summary>
internal sealed record Confirmed(int Order) : IMessage
{
    public static uint MessageCode => 13;
}

/// <summary>All orders of the day are confirmed. Orders publishes it to <c>day</c>, which retains it.</summary>
internal sealed record DayEnded(int Orders) : IMessage
{
    public static uint MessageCode => 14;
}

/// <summary>Asks stock for what is in its books.</summary>
internal sealed record TakeStock : IMessage
{
    public static uint MessageCode => 15;
}

/// <summary>The answer to <see cref="TakeStock"/>: how many reservations there are, for how many different orders, and what is left.</summary>
internal sealed record StockTaken(int Reservations, int Orders, IReadOnlyList<Level> Levels) : IMessage
{
    public static uint MessageCode => 16;
}

/// <summary>What all services have to agree on.</summary>
internal static class Messages
{
    public static TBuilder AddShopMessages<TBuilder>(this TBuilder builder)
        where TBuilder : GhmsBuilder<TBuilder> => builder
            .AddJson()
            .AddMessage<Reserve>()
            .AddMessage<Reserved>()
            .AddMessage<Level>()
            .AddMessage<Confirmed>()
            .AddMessage<DayEnded>()
            .AddMessage<TakeStock>()
            .AddMessage<StockTaken>();
}
