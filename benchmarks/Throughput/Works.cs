namespace Bedrock.Ghms.Throughput;

internal static class Works
{
    extension(Work work)
    {
        /// <summary>Whether one connection publishes to all.</summary>
        public bool IsFanOut => work is Work.FanOut or Work.WideFanOut or Work.Split or Work.Relay or Work.Stalled or Work.Growth;

        /// <summary>Whether messages are sent back on the connections that they come from.</summary>
        public bool IsEcho => work is Work.PingPong or Work.Echo or Work.Connect or Work.Idle;
    }
}
