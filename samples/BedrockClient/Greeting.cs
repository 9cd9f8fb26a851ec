namespace BedrockClient;

internal sealed record Greeting(string Word);
