using Microsoft.Playwright;

namespace Bedrock.Ghms.Browser.Tests;

/// <summary>The machine's own Chromium, started once for all tests; without one they are ignored.</summary>
[SetUpFixture]
internal sealed class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private static IPlaywright? _playwright;
    private static IBrowser? _browser;

    [OneTimeTearDown]
    public async Task EndAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    /// <summary>Opens a page in a context of its own: wide or narrow, light or dark.</summary>
    public static async Task<IPage> OpenAsync(int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Light)
    {
        _browser ??= await StartAsync();
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(30_000);
        return await context.NewPageAsync();
    }

    private static async Task<IBrowser> StartAsync()
    {
        if (Find() is not { } path)
        {
            Assert.Ignore($"No browser: none of {string.Join(", ", Names)} is in PATH, and CHROMIUM names none.");
            throw new InvalidOperationException();
        }

        _playwright = await Playwright.CreateAsync();
        return await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = path,
            Headless = true,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }

    private static string? Find() => Environment.GetEnvironmentVariable("CHROMIUM") ?? (
        from directory in Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? []
        from name in Names
        let path = Path.Combine(directory, name)
        where File.Exists(path)
        select path).FirstOrDefault();
}
