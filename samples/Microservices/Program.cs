using Microservices;

switch (args)
{
    case []:
        return await Starter.RunAsync();
    case ["stock"]:
        await Stock.RunAsync();
        return 0;
    case ["orders"]:
        await Orders.RunAsync();
        return 0;
    case ["dashboard"]:
        return await Dashboard.RunAsync();
    default:
        await Console.Error.WriteLineAsync("""
            Usage: Microservices [stock|orders|dashboard]

            Without an argument: a day in a shop, with all three services as processes of their own.
            With one: that service. It reads its settings from the environment, and ends with its input.
            """);
        return 2;
}
