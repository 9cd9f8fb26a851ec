namespace Bedrock.Ghms.Requests;

/// <summary>How many requests of one connection are open.</summary>
/// <param name="Asked">Requests that this side has asked and that have no answer yet.</param>
/// <param name="Answering">The peer's requests whose handlers are at work here, cancelled ones included.</param>
public readonly record struct OpenRequests(int Asked, int Answering);
