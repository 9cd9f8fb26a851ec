using System.Text.Json.Serialization;

namespace EchoServer;

/// <summary>The JSON contracts of the messages, made when this is compiled.</summary>
[JsonSerializable(typeof(Message))]
[JsonSerializable(typeof(Blob))]
[JsonSerializable(typeof(Announcement))]
[JsonSerializable(typeof(Failure))]
[JsonSerializable(typeof(Count))]
internal sealed partial class MessagesJson : JsonSerializerContext;
