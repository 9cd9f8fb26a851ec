namespace Bedrock.Ghms.Throughput;

internal static class Works
{
    extension(Work work)
    {
        /// <summary>Whether one connection publishes to all.</summary>
        public bool IsFanOut => work is Work.FanOut or Work.WideFanOut or Work.Split or Work.Relay or Work.Stalled or Work.Growth;

        /// <summary>Whether messages are sent back on the connections that they come from.</summary>
        public bool IsEcho => work is Work.PingPong or Work.Echo or Work.Connect or Work.Idle;

        /// <summary>How many short turns a round is cut into, each with a connection of its own and ratios of its own.</summary>
        /// <remarks>
        /// What one connection does takes up to twice as long when its threads run on other cores than those that wait for them. Which they do, the
        /// scheduler decides for many messages in a row, so that a few long rounds show little but that.
        /// </remarks>
        public int Turns => work is Work.PingPong or Work.Echo or Work.Request or Work.OneWay ? 12 : 1;
    }
}
