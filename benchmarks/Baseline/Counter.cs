namespace Bedrock.Ghms.Baseline;

/// <summary>How many messages a server has handled, over all its connections.</summary>
public sealed class Counter
{
    private long _value;

    public long Value => Interlocked.Read(ref _value);

    public void Add(int count) => Interlocked.Add(ref _value, count);
}
