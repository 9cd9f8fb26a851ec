using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Bedrock.Ghms.Browser.Tests;

/// <summary>The monitor's page in a real browser, over a real server.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MonitorPageTests
{
    private readonly List<string> _complaints = [];
    private MonitoredServer _server = null!;

    private bool ServerStops { get; set; }

    [SetUp]
    public async Task BeginAsync() => _server = await MonitoredServer.StartAsync();

    [TearDown]
    public async Task EndAsync()
    {
        await _server.DisposeAsync();
        Assert.That(ServerStops ? [] : _complaints, Is.Empty, "The browser complained.");
    }

    [Test]
    public async Task It_shows_each_connection_and_what_it_does_now()
    {
        var client = await _server.ConnectAsync(user: "ann");
        var page = await OpenAsync();
        await Expect(page.Locator("#state-text")).ToHaveTextAsync("Live");
        await Expect(page.Locator("#connections")).ToHaveTextAsync("1");
        await Expect(page.Locator("#rows tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#rows tr code")).ToHaveTextAsync(_server.Orders.Connections[0].Id);
        await Expect(page.Locator("#rows tr td").First).ToContainTextAsync("ann");
        for (var i = 0; i < 7; i++)
        {
            await client.SendAsync(new MonitoredServer.Note("x"));
        }

        await Expect(page.Locator("#received-note")).ToContainTextAsync("Σ 7");
        await _server.ConnectAsync();
        await Expect(page.Locator("#connections")).ToHaveTextAsync("2");
        await client.DisposeAsync();
        await Expect(page.Locator("#rows tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#messages-chart path.stroke").First).ToHaveAttributeAsync("d", new System.Text.RegularExpressions.Regex("^M.*L"));
    }

    [Test]
    public async Task What_peers_say_is_text_and_never_markup()
    {
        const string Evil = "<img src=x onerror=alert(1)><b>";
        await _server.ConnectAsync($"/orders/{Uri.EscapeDataString(Evil)}", user: Evil);
        var page = await OpenAsync();
        await Expect(page.Locator("#rows tr td").Nth(2)).ToHaveTextAsync($"/orders/{Evil}");
        await Expect(page.Locator("#rows tr td").First).ToContainTextAsync(Evil);
        await Expect(page.Locator("#rows img, #rows b")).ToHaveCountAsync(0);
        await page.Locator("#rows tr .act button").ClickAsync();
        await Expect(page.Locator("#confirm-about")).ToContainTextAsync(Evil);
        await Expect(page.Locator("#confirm img")).ToHaveCountAsync(0);
    }

    [Test]
    public async Task Connections_are_sorted_by_backlog_first_and_by_any_column_on_request()
    {
        await _server.ConnectAsync("/orders/a");
        await _server.ConnectStuckAsync("/orders/b", 500_000);
        var busy = await _server.ConnectAsync("/orders/c");
        for (var i = 0; i < 3; i++)
        {
            await busy.SendAsync(new MonitoredServer.Note("x"));
        }

        var page = await OpenAsync();
        var paths = page.Locator("#rows tr td:nth-child(3)");
        await Expect(page.Locator("th[aria-sort=descending]")).ToContainTextAsync("Backlog");
        await Expect(paths.First).ToHaveTextAsync("/orders/b");
        await page.GetByRole(AriaRole.Button, new() { Name = "Path" }).ClickAsync();
        await Expect(paths).ToHaveTextAsync(["/orders/a", "/orders/b", "/orders/c"]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Path" }).ClickAsync();
        await Expect(paths).ToHaveTextAsync(["/orders/c", "/orders/b", "/orders/a"]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Received" }).ClickAsync();
        await Expect(paths.First).ToHaveTextAsync("/orders/c");
        await page.GetByRole(AriaRole.Button, new() { Name = "Dropped" }).ClickAsync();
        await Expect(page.Locator("th[aria-sort=descending]")).ToContainTextAsync("Dropped");
        await Expect(page.Locator("#rows tr td:nth-child(6)")).ToHaveTextAsync(["0", "0", "0"]);
        await page.Locator("#find").FillAsync("ORDERS/A");
        await Expect(paths).ToHaveTextAsync(["/orders/a"]);
        await Expect(page.Locator("#count")).ToHaveTextAsync("1 of 3");
    }

    [Test]
    public async Task A_connection_is_closed_after_a_question_and_not_without_a_yes()
    {
        var one = await _server.ConnectAsync("/orders/one");
        var two = await _server.ConnectAsync("/orders/two");
        var page = await OpenAsync();
        var row = page.Locator("#rows tr", new() { HasText = "/orders/one" });
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#confirm")).ToBeHiddenAsync();
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep open" }).ClickAsync();
        Assert.That(one.Connection.IsOpen, Is.True);
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Close connection", Exact = true }).ClickAsync();
        await Expect(page.Locator("#toast")).ToContainTextAsync("is being closed");
        await Expect(page.Locator("#rows tr")).ToHaveCountAsync(1);
        await one.Connection.Completion.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That((one.Connection.End!.Status, one.Connection.End.Reason, two.Connection.IsOpen), Is.EqualTo((Protocol.Framing.CloseStatus.GoingAway, "Closed by an operator.", true)));
    }

    [Test]
    public async Task Each_broker_is_a_tab()
    {
        await _server.ConnectAsync("/orders");
        await _server.ConnectAsync("/stock");
        await _server.ConnectAsync("/stock");
        var page = await OpenAsync();
        await Expect(page.Locator("nav button[aria-current=true]")).ToHaveTextAsync("orders");
        await Expect(page.Locator("#topics")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "stock" }).ClickAsync();
        await Expect(page.Locator("#rows tr")).ToHaveCountAsync(2);
        await Expect(page.Locator("#topics")).ToBeHiddenAsync();
        await page.ReloadAsync();
        await Expect(page.Locator("nav button[aria-current=true]")).ToHaveTextAsync("stock");
    }

    [Test]
    public async Task It_can_be_paused_and_says_when_the_server_is_gone()
    {
        ServerStops = true;
        await _server.ConnectAsync();
        var page = await OpenAsync();
        await page.Locator("#pause").ClickAsync();
        await Expect(page.Locator("#state-text")).ToHaveTextAsync("Paused");
        await _server.StopAsync();
        await Expect(page.Locator("#connections")).ToHaveTextAsync("1");
        await page.Locator("#pause").ClickAsync();
        await Expect(page.Locator("#state-text")).ToHaveTextAsync("No connection");
    }

    /// <summary>Nothing stands out beyond the page. With SCREENSHOTS set to a directory, pictures go there, to be looked at.</summary>
    [TestCase(1440, 960, ColorScheme.Light)]
    [TestCase(1440, 960, ColorScheme.Dark)]
    [TestCase(900, 1100, ColorScheme.Light)]
    [TestCase(390, 844, ColorScheme.Light)]
    [TestCase(390, 844, ColorScheme.Dark)]
    public async Task It_fits_wide_and_narrow_screens(int width, int height, ColorScheme scheme)
    {
        var directory = Environment.GetEnvironmentVariable("SCREENSHOTS");
        using var done = new CancellationTokenSource();
        var clients = new List<Client.GhmsClient>();
        foreach (var (name, shop) in new[] { ("ann", "berlin"), ("bob", "berlin"), (null, "oslo"), ("a-service-with-a-long-name", "a-long-path/with/many/levels/in/it"), ("eve", "rome"), (null, "paris") })
        {
            clients.Add(await _server.ConnectAsync($"/orders/{shop}", name));
        }

        await _server.ConnectStuckAsync("/orders/stuck", 1_000_000);
        await _server.ConnectStuckAsync("/orders/lagging", 400_000);
        await Topics.TopicBrokerExtensions.PublishAsync(_server.Orders, "prices/tea", new MonitoredServer.Note("4.20"));
        var working = WorkAsync(clients, done.Token);
        var page = await OpenAsync(width, height, scheme);
        await Expect(page.Locator("#rows tr")).ToHaveCountAsync(8);
        await Expect(page.Locator("#sent")).Not.ToHaveTextAsync("–/s");
        var overflow = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth");
        if (directory is not null)
        {
            await Task.Delay(TimeSpan.FromSeconds(12));
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(directory, $"{width}-{scheme}.png"), FullPage = true });
            await page.Locator("#rows tr .act button").First.ClickAsync();
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(directory, $"{width}-{scheme}-close.png") });
        }

        await done.CancelAsync();
        await working;
        Assert.That(overflow, Is.Zero);
    }

    private async Task<IPage> OpenAsync(int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Light)
    {
        var page = await Chromium.OpenAsync(width, height, scheme);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _complaints.Add(message.Text);
            }
        };
        page.PageError += (_, error) => _complaints.Add(error);
        await page.GotoAsync(_server.Page);
        return page;
    }

    private static async Task WorkAsync(List<Client.GhmsClient> clients, CancellationToken done)
    {
        for (var round = 0; !done.IsCancellationRequested; round++)
        {
            for (var i = 0; i < clients.Count; i++)
            {
                for (var n = 0; n < 20 + (int)(15 * Math.Sin(round / 20.0 + i)) + 4 * i; n++)
                {
                    await clients[i].SendAsync(new MonitoredServer.Note(new string('x', 20 * (i + 1))), CancellationToken.None);
                }
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }
}
