namespace Bedrock.Ghms.Soak.Load;

/// <summary>What becomes of the numbers of a stream.</summary>
internal enum StreamKind
{
    /// <summary>They are sent one-way.</summary>
    Send,

    /// <summary>They are asked, and the answer is waited for.</summary>
    Request,

    /// <summary>They are published, to all clients.</summary>
    Publication,
}
