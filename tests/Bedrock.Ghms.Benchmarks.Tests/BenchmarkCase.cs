using System.Diagnostics;
using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace Bedrock.Ghms.Benchmarks.Tests;

/// <summary>One benchmark method with one value of its parameter, run in this process and on this thread.</summary>
public sealed class BenchmarkCase
{
    private const int Calls = 50;

    // Until the methods are optimized, boxes are allocated that later are not; on a busy machine whoever optimizes them has to wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // What takes seconds to set up is for the benchmarks; it allocates no more than what is small.
    private const int LargestSize = 10_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly MethodInfo _method;
    private readonly PropertyInfo? _parameter;
    private readonly object? _value;

    private BenchmarkCase(MethodInfo method, PropertyInfo? parameter, object? value)
    {
        _method = method;
        _parameter = parameter;
        _value = value;
    }

    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        .. from type in Assembly.Load("Bedrock.Ghms.Benchmarks").GetExportedTypes()
           from method in type.GetMethods()
           where method.IsDefined(typeof(BenchmarkAttribute))
           let parameter = type.GetProperties().SingleOrDefault(property => property.IsDefined(typeof(ParamsAttribute)))
           from value in parameter?.GetCustomAttribute<ParamsAttribute>()!.Values ?? [null]
           where value is not > LargestSize
           select new BenchmarkCase(method, parameter, value),
    ];

    /// <summary>The name in the table of budgets.</summary>
    public string Name => $"{_method.DeclaringType!.Name}.{_method.Name}";

    public override string ToString() => _parameter is null ? Name : $"{Name}({_parameter.Name}: {_value})";

    /// <summary>The least number of bytes allocated per operation that a run of calls came to.</summary>
    /// <param name="stopAt">What is good enough to end the search.</param>
    public async Task<double> MeasureAllocationAsync(double stopAt)
    {
        // The test framework's context would send continuations to other threads, on which nobody counts.
        SynchronizationContext.SetSynchronizationContext(null);
        object instance = Activator.CreateInstance(_method.DeclaringType!)!;
        _parameter?.SetValue(instance, _value);
        await InvokeAsync<GlobalSetupAttribute>(instance);
        try
        {
            Action call = ToAction(instance);
            int operations = Calls * _method.GetCustomAttribute<BenchmarkAttribute>()!.OperationsPerInvoke;
            double least = double.MaxValue;
            long start = Stopwatch.GetTimestamp();
            while (least > stopAt && Stopwatch.GetElapsedTime(start) < Patience)
            {
                least = Math.Min(least, (double)AllocatedBy(call) / operations);
                Thread.Sleep(Pause);
            }

            return least;
        }
        finally
        {
            await InvokeAsync<GlobalCleanupAttribute>(instance);
        }
    }

    private static long AllocatedBy(Action call)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Calls; i++)
        {
            call();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    // Called by reflection, a method that returns a number would box it.
    private Action ToAction(object instance) => _method.ReturnType == typeof(void)
        ? _method.CreateDelegate<Action>(instance)
        : (Action)typeof(BenchmarkCase).GetMethod(nameof(Discard), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(_method.ReturnType).Invoke(null, [_method, instance])!;

    private static Action Discard<T>(MethodInfo method, object instance)
    {
        Func<T> call = method.CreateDelegate<Func<T>>(instance);
        return () => call();
    }

    private async Task InvokeAsync<TAttribute>(object instance)
        where TAttribute : Attribute
    {
        MethodInfo? method = _method.DeclaringType!.GetMethods().SingleOrDefault(its => its.IsDefined(typeof(TAttribute)));
        if (method?.Invoke(instance, null) is Task task)
        {
            await task;
        }
    }
}
