using System.CommandLine;

namespace Bedrock.Ghms.Throughput.Running;

/// <summary>The kinds of option that a run has.</summary>
internal static class Arguments
{
    /// <summary>Several of the names, separated by commas.</summary>
    public static Option<string[]> Names(string name, string description, string[] all) => new(name)
    {
        Description = $"{description} Of: {string.Join(',', all)}.",
        DefaultValueFactory = _ => all,
        CustomParser = argument =>
        {
            string[] chosen = [.. argument.Tokens[0].Value.Split(',').Distinct()];
            foreach (string unknown in chosen.Except(all))
            {
                argument.AddError($"'{unknown}' is none of {string.Join(", ", all)}.");
            }

            return chosen;
        },
    };

    /// <summary>A positive number.</summary>
    public static Option<T> Number<T>(string name, string description, T value)
        where T : struct, IComparable<T>
    {
        var option = new Option<T>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>().CompareTo(default) <= 0)
            {
                result.AddError($"{name} must be positive.");
            }
        });
        return option;
    }
}
