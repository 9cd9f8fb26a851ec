using System.Collections.Concurrent;
using Bedrock.Ghms.Client;
using Bedrock.Ghms.Topics;

namespace Chat;

/// <summary>A room that this member is in: shows who comes, goes, and says what.</summary>
internal sealed class Room(string name, string me, Terminal terminal) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, bool> _here = [];
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<TopicSubscription> _subscriptions = [];

    public string Name { get; } = name;

    public IEnumerable<string> Here => _here.Keys.Order(StringComparer.OrdinalIgnoreCase);

    /// <summary>Enters. What the topics retain comes first: the last words, and who is here; and this member's own arrival after them.</summary>
    public async Task EnterAsync(GhmsClient client, CancellationToken cancellationToken)
    {
        _subscriptions.Add(await client.SubscribeAsync<Words>(Protocol.WordsIn(Name), OnWords, cancellationToken));
        _subscriptions.Add(await client.SubscribeAsync<Presence>(Protocol.HereIn(Name, "+"), OnPresence, cancellationToken));
        await client.SendAsync(new Join(Name), cancellationToken);
        await client.PublishAsync(Protocol.HereIn(Name, me), new Presence(IsHere: true), cancellationToken);
        await _entered.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Listens no longer. That this member has left is for the server to tell.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var subscription in _subscriptions)
        {
            await subscription.DisposeAsync();
        }
    }

    private ValueTask OnWords(string topic, Words words, CancellationToken cancellationToken)
    {
        terminal.Say(words);
        return ValueTask.CompletedTask;
    }

    private ValueTask OnPresence(string topic, Presence presence, CancellationToken cancellationToken)
    {
        var name = Protocol.NameIn(topic);
        var isNews = presence.IsHere ? _here.TryAdd(name, true) : _here.TryRemove(name, out _);
        if (name == me && presence.IsHere)
        {
            var others = Here.Where(other => other != me).ToList();
            terminal.Note($"You are in {Name}, {(others.Count == 0 ? "alone" : $"with {string.Join(", ", others)}")}.");
            _entered.TrySetResult();
        }
        else if (isNews && _entered.Task.IsCompleted)
        {
            terminal.Note($"{name} has {(presence.IsHere ? "come" : "gone")}.");
        }

        return ValueTask.CompletedTask;
    }
}
