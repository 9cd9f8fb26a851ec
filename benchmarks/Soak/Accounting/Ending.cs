namespace Bedrock.Ghms.Soak.Accounting;

/// <summary>What became of the connections that ended in one way.</summary>
/// <param name="Connections">How many there were.</param>
/// <param name="Lost">How many messages they had accepted that did not arrive.</param>
/// <param name="Dropped">How many messages they reported as dropped before they were written.</param>
internal readonly record struct Ending(int Connections, long Lost, long Dropped)
{
    public Ending And(long lost, long dropped) => new(Connections + 1, Lost + lost, Dropped + dropped);
}
