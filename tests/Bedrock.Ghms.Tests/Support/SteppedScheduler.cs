using System.IO.Pipelines;
using Bedrock.Ghms.Testing;

namespace Bedrock.Ghms.Tests.Support;

/// <summary>Steps continuations on the test's own thread until the test is over; from then on they run by themselves.</summary>
internal sealed class SteppedScheduler : PipeScheduler
{
    private readonly Lock _sync = new();
    private readonly PumpScheduler _pump = new();
    private bool _isFree;

    public override void Schedule(Action<object?> action, object? state)
    {
        lock (_sync)
        {
            (_isFree ? ThreadPool : _pump).Schedule(action, state);
        }
    }

    public int RunUntilIdle() => _pump.RunUntilIdle();

    public void Free()
    {
        lock (_sync)
        {
            _isFree = true;
        }

        _pump.RunUntilIdle();
    }
}
