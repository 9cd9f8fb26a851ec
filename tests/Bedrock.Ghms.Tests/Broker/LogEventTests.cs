using System.Reflection;
using Bedrock.Ghms.Broker;
using Microsoft.Extensions.Logging;

namespace Bedrock.Ghms.Tests.Broker;

internal sealed class LogEventTests
{
    private static readonly LoggerMessageAttribute[] Events = [.. typeof(GhmsBroker).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
        .OfType<LoggerMessageAttribute>()];

    [Test]
    public void Every_event_has_an_id_and_a_name_of_its_own()
    {
        Assert.That(Events, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Events.Select(e => e.EventId), Is.Unique.And.All.GreaterThan(0));
            Assert.That(Events.Select(e => e.EventName), Is.Unique.And.All.Not.Null);
        }
    }
}
