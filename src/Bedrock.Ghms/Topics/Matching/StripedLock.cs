namespace Bedrock.Ghms.Topics.Matching;

/// <summary>A lock that is read-locked by every message and write-locked now and then.</summary>
/// <remarks>A reader takes the lock of the processor it runs on, so readers do not contend; a writer takes them all, in one order.</remarks>
internal sealed class StripedLock
{
    private readonly Lock[] _stripes = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Lock())];

    public Lock.Scope Read() => _stripes[Thread.GetCurrentProcessorId() % _stripes.Length].EnterScope();

    public Writing Write()
    {
        foreach (var stripe in _stripes)
        {
            stripe.Enter();
        }

        return new Writing(_stripes);
    }

    public readonly ref struct Writing(Lock[] stripes)
    {
        public void Dispose()
        {
            foreach (var stripe in stripes)
            {
                stripe.Exit();
            }
        }
    }
}
