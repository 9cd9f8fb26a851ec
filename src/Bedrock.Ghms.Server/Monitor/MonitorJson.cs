using System.Text.Json.Serialization;

namespace Bedrock.Ghms.Server.Monitor;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(MonitorSnapshot))]
[JsonSerializable(typeof(CloseRequest))]
internal sealed partial class MonitorJson : JsonSerializerContext;
