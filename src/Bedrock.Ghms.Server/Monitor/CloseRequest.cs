namespace Bedrock.Ghms.Server.Monitor;

/// <summary>What the page asks for.</summary>
/// <param name="Id">The connection to close.</param>
internal sealed record CloseRequest(string Id);
