using System.Diagnostics;

namespace Bedrock.Ghms.Soak.Faults;

/// <summary>Lets things go wrong at random, one after the other, and waits each time until all clients are back.</summary>
/// <param name="stage">Where.</param>
/// <param name="terms">The settings.</param>
/// <param name="random">Draws faults and times.</param>
internal sealed class FaultLoop(Stage stage, Terms terms, Random random)
{
    // Mostly the server comes anew.
    private static readonly Fault[] Lots =
        [Fault.Kill, Fault.Kill, Fault.Kill, Fault.Kill, Fault.Restart, Fault.Restart, Fault.Restart, Fault.Pause, Fault.Pause, Fault.CutOff];

    private readonly Dictionary<Fault, List<TimeSpan>> _recoveries = Enum.GetValues<Fault>().ToDictionary(fault => fault, _ => new List<TimeSpan>());

    /// <summary>How long all clients took to be back after each fault, from the moment when the server could be reached again.</summary>
    public IReadOnlyDictionary<Fault, List<TimeSpan>> Recoveries => _recoveries;

    public async Task RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        var beganAt = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(beganAt) < duration)
        {
            await Task.Delay(Seconds(0.5, 2.5), cancellation);
            var fault = Lots[random.Next(Lots.Length)];
            await StrikeAsync(fault, cancellation);
            var recovery = await stage.RecoverAsync();
            _recoveries[fault].Add(recovery);
            Console.WriteLine($"{Stopwatch.GetElapsedTime(beganAt).TotalSeconds,6:0.0} s  {fault,-8} all back after {recovery.TotalSeconds:0.00} s");
        }
    }

    private async Task StrikeAsync(Fault fault, CancellationToken cancellation)
    {
        switch (fault)
        {
            case Fault.Kill:
                await stage.KillServerAsync();
                await Task.Delay(Seconds(0, 1), cancellation);
                await stage.StartServerAsync();
                break;
            case Fault.Restart:
                await stage.StopServerAsync();
                await stage.StartServerAsync();
                break;
            case Fault.Pause:
                await stage.PauseServerAsync();
                await Task.Delay(AroundTimeout(), cancellation);
                await stage.ResumeServerAsync();
                break;
            case Fault.CutOff:
                stage.CutOff();
                await Task.Delay(AroundTimeout(), cancellation);
                stage.Restore();
                break;
        }
    }

    // Some are over before anybody gives up, others are not.
    private TimeSpan AroundTimeout() => terms.Timeout * (0.2 + (1.8 * random.NextDouble()));

    private TimeSpan Seconds(double from, double to) => TimeSpan.FromSeconds(from + ((to - from) * random.NextDouble()));
}
