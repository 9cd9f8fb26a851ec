namespace Bedrock.Ghms.Messages;

/// <summary>What happens to messages of a type on a connection whose consumer is too slow for them.</summary>
internal enum OverflowPolicy
{
    /// <summary>A message that finds no room under the soft limit is not sent.</summary>
    DropNewest,

    /// <summary>A message that finds no room under the soft limit takes that of the oldest ones that wait.</summary>
    DropOldest,

    /// <summary>A message takes the place of one with the same key that still waits.</summary>
    Conflate,
}
