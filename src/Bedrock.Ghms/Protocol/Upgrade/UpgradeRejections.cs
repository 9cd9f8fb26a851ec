using static Bedrock.Ghms.Protocol.Upgrade.UpgradeRejection;

namespace Bedrock.Ghms.Protocol.Upgrade;

/// <summary>The status code and the text that go with each <see cref="UpgradeRejection"/>. Safe for concurrent use.</summary>
public static class UpgradeRejections
{
    private static readonly Dictionary<UpgradeRejection, (int Status, string Text)> Table = new()
    {
        [BadRequestLine] = (400, "The request line is malformed."),
        [BareLineEnd] = (400, "Lines end in CR LF, and neither may stand alone."),
        [BadTarget] = (400, "The request target is not in origin-form."),
        [RequestLineTooLong] = (414, "The request line is too long."),
        [BadFieldLine] = (400, "A header field is malformed."),
        [FieldsTooLarge] = (431, "The header fields are too large."),
        [TooManyFields] = (431, "There are too many header fields."),
        [Truncated] = (400, "The request is incomplete."),
        [HeaderTimeout] = (408, "The request did not arrive in time."),
        [VersionNotSupported] = (505, "Only HTTP/1.1 can be upgraded."),
        [MethodNotAllowed] = (405, "Only GET can be upgraded."),
        [BadHost] = (400, "Exactly one valid Host field is required."),
        [BodyNotAllowed] = (400, "An upgrade request has no body."),
        [NotFound] = (404, "Nothing is mapped at this path."),
        [UpgradeRequired] = (426, "This endpoint speaks GHMS/0.1 only."),
        [BadTimeout] = (400, "GHMS-Timeout is malformed or out of range."),
        [BadMaxMessageSize] = (400, "GHMS-Max-Message-Size is malformed or out of range."),
        [NotAcceptable] = (406, "None of the accepted encodings is available."),
        [Unauthorized] = (401, "Authentication is required."),
        [Forbidden] = (403, "The upgrade is not allowed."),
        [AdmissionTimeout] = (503, "The request could not be checked in time."),
        [AdmissionFailed] = (500, "The request could not be checked."),
        [NoRoom] = (503, "There are too many connections."),
        [NoRoomForAddress] = (503, "There are too many connections from this address."),
        [ShuttingDown] = (503, "The server is shutting down."),
    };

    /// <summary>The HTTP status code of a refusal for this reason.</summary>
    /// <param name="rejection">Any reason but <see cref="None"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rejection"/> is <see cref="None"/> or undefined.</exception>
    public static int StatusOf(UpgradeRejection rejection) => Find(rejection).Status;

    /// <summary>The one-line ASCII text that explains this reason to people.</summary>
    /// <param name="rejection">Any reason but <see cref="None"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rejection"/> is <see cref="None"/> or undefined.</exception>
    public static string TextOf(UpgradeRejection rejection) => Find(rejection).Text;

    private static (int Status, string Text) Find(UpgradeRejection rejection)
        => Table.TryGetValue(rejection, out var row) ? row : throw new ArgumentOutOfRangeException(nameof(rejection), rejection, "Not a reason to refuse.");
}
