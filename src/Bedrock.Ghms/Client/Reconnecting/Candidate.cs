using System.Net;
using Bedrock.Ghms.Client.Transport;

namespace Bedrock.Ghms.Client.Reconnecting;

/// <summary>One of a client's servers, and what keeps the client from trying it now.</summary>
internal sealed class Candidate(ConnectTarget target, TimeProvider time)
{
    private long _plannedAt;
    private TimeSpan _wait;
    private long _refusedAt;
    private TimeSpan _holdBack;
    private IReadOnlyList<KeyValuePair<string, string>>? _refused;

    public ConnectTarget Target { get; } = target;

    /// <summary>What it is called in logs.</summary>
    public string Name { get; } = target.EndPoint is DnsEndPoint name ? $"{name.Host}:{name.Port}" : target.EndPoint.ToString()!;

    /// <summary>How often in a row the credentials were asked for in vain.</summary>
    public int VainAsks { get; private set; }

    /// <summary>How long it is until this server may be tried; nothing, or less, when it may be now.</summary>
    public TimeSpan Left => _wait - time.GetElapsedTime(_plannedAt);

    /// <summary>Whether it has refused what was shown to it last.</summary>
    public bool HasRefused => _refused is not null;

    /// <summary>For how long what it has refused is not shown to it again.</summary>
    public TimeSpan HeldBackFor => _holdBack - time.GetElapsedTime(_refusedAt);

    /// <summary>Puts the next attempt off.</summary>
    public void Plan(TimeSpan wait)
    {
        _plannedAt = time.GetTimestamp();
        _wait = wait;
    }

    /// <summary>Notes what the server has refused, and for how long it is not shown to it again.</summary>
    public void Refuse(IReadOnlyList<KeyValuePair<string, string>> fields, TimeSpan holdBack)
    {
        _refusedAt = time.GetTimestamp();
        _holdBack = holdBack;
        _refused = fields;
        VainAsks = 0;
    }

    /// <summary>Whether <paramref name="fields"/> are those that the server has refused, and it is too early to try them again.</summary>
    public bool IsHeldBack(IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        if (_refused is null || HeldBackFor <= TimeSpan.Zero || !_refused.SequenceEqual(fields))
        {
            _refused = null;
            return false;
        }

        VainAsks++;
        return true;
    }
}
