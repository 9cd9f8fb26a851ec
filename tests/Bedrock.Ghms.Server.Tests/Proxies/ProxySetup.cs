using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Bedrock.Ghms.Server.Tests.Support;

namespace Bedrock.Ghms.Server.Tests.Proxies;

/// <summary>What README shows as the configuration of a proxy, moved to the ports and files of a test.</summary>
internal static class ProxySetup
{
    /// <summary>Writes the configuration and its certificate.</summary>
    /// <returns>The file.</returns>
    public static string Write(string proxy, string folder, IReadOnlyDictionary<Route, int> ports, int server, string timeout)
    {
        var certificate = Path.Combine(folder, "orders.pem");
        File.WriteAllText(
            certificate,
            $"{Certificates.Server.ExportCertificatePem()}\n{Certificates.Server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}\n");
        (string From, string To)[] moves =
        [
            ("127.0.0.1:5000", $"127.0.0.1:{server}"),
            ("/etc/ssl/orders.pem", certificate),
            ("1m", timeout),
            .. proxy == "nginx" ? Nginx(folder, ports) : Haproxy(ports),
        ];
        var file = Path.Combine(folder, "proxy.conf");
        File.WriteAllText(file, moves.Aggregate(ReadmeBlock(proxy), Move));
        return file;
    }

    private static (string From, string To)[] Haproxy(IReadOnlyDictionary<Route, int> ports) =>
    [
        ("bind :80", $"bind 127.0.0.1:{ports[Route.Http]}"),
        ("bind :443", $"bind 127.0.0.1:{ports[Route.Https]}"),
        ("bind :5001", $"bind 127.0.0.1:{ports[Route.Raw]}"),
        ("bind :5002", $"bind 127.0.0.1:{ports[Route.RawTls]}"),
    ];

    private static (string From, string To)[] Nginx(string folder, IReadOnlyDictionary<Route, int> ports) =>
    [
        ("listen 80;", $"listen 127.0.0.1:{ports[Route.Http]};"),
        ("listen 443 ssl;", $"listen 127.0.0.1:{ports[Route.Https]} ssl;"),
        ("listen 5001;", $"listen 127.0.0.1:{ports[Route.Raw]};"),
        ("listen 5002 ssl;", $"listen 127.0.0.1:{ports[Route.RawTls]} ssl;"),
        (
            "http {",
            $$"""
            daemon off;
            pid {{folder}}/nginx.pid;
            include /etc/nginx/modules-enabled/*.conf;
            events { }
            http {
                access_log off;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
            """),
    ];

    private static string Move(string text, (string From, string To) move)
    {
        Assert.That(text, Does.Contain(move.From), "README");
        return text.Replace(move.From, move.To, StringComparison.Ordinal);
    }

    private static string ReadmeBlock(string language)
    {
        var readme = File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "README.md"));
        return Regex.Match(readme, $"```{language}\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
    }
}
