namespace Bedrock.Ghms.Settings;

/// <summary>Where settings came from, so that whoever wrote a wrong one is told where.</summary>
internal sealed class SettingSources
{
    /// <summary>The configuration keys of the settings that were read from one.</summary>
    public Dictionary<string, string> Keys { get; } = [];

    /// <summary>What could not be read, with its key.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>What to call a setting in a message.</summary>
    public string NameOf(string setting) => Keys.GetValueOrDefault(setting, setting);
}
