namespace Bedrock.Ghms.Soak.Faults;

/// <summary>What goes wrong.</summary>
internal enum Fault
{
    /// <summary>The server is killed, and another one started.</summary>
    Kill,

    /// <summary>The server is stopped in good order, and another one started.</summary>
    Restart,

    /// <summary>The server does not run for a while, and then goes on.</summary>
    Pause,

    /// <summary>Nothing gets through for a while, and then what has been waiting does.</summary>
    CutOff,
}
