using Bedrock.Ghms.Protocol.Framing;

namespace Bedrock.Ghms.Requests.Wire;

/// <summary>0xFFFFFF12: the answer that is none.</summary>
internal sealed class Fault : RequestMessage
{
    public required CloseStatus Status { get; init; }

    public required string Text { get; init; }

    public override void Arrive(Exchange exchange) => exchange.Questions.OnFault(this);
}

/// <summary>0xFFFFFF13: the asker does not want the answer any more.</summary>
internal sealed class Cancel : RequestMessage
{
    public override void Arrive(Exchange exchange) => exchange.Answers.OnCancel(Id);
}

/// <summary>0xFFFFFF15: the asker has room for so many more items.</summary>
internal sealed class Credit : RequestMessage
{
    /// <summary>How many items may be sent before any credit is given.</summary>
    public const int AtStart = 32;

    public required uint Count { get; init; }

    public override void Arrive(Exchange exchange) => exchange.Answers.OnCredit(Id, Count);
}
