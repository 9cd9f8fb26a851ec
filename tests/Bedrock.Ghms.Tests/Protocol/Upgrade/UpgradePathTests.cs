using System.Text;
using Bedrock.Ghms.Protocol.Upgrade;
using FsCheck;
using FsCheck.Fluent;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

public sealed class UpgradePathTests
{
    [TestCase("/", ExpectedResult = "/")]
    [TestCase("/Orders/", ExpectedResult = "/Orders/")]
    [TestCase("//a//", ExpectedResult = "//a//")]
    [TestCase("/a%20b%3Fc%5C", ExpectedResult = "/a b?c\\")]
    [TestCase("/%61%41", ExpectedResult = "/aA")]
    [TestCase("/%252F%2500", ExpectedResult = "/%2F%00")]
    [TestCase("/%c3%a4%E2%82%AC", ExpectedResult = "/\u00e4\u20ac")]
    [TestCase("/%F0%9F%98%80%F0%9F%98%80", ExpectedResult = "/\U0001F600\U0001F600")]
    [TestCase("/...", ExpectedResult = "/...")]
    [TestCase("/.a/a./a..b", ExpectedResult = "/.a/a./a..b")]
    [TestCase("/%2F", ExpectedResult = null)]
    [TestCase("/a%2fb", ExpectedResult = null)]
    [TestCase("/%00", ExpectedResult = null)]
    [TestCase("/%ff", ExpectedResult = null)]
    [TestCase("/%c3", ExpectedResult = null)]
    [TestCase("/%c3a", ExpectedResult = null)]
    [TestCase("/%c3%41", ExpectedResult = null)]
    [TestCase("/%c0%af", ExpectedResult = null)]
    [TestCase("/%ed%a0%80", ExpectedResult = null)]
    [TestCase("/%f4%90%80%80", ExpectedResult = null)]
    [TestCase("/.", ExpectedResult = null)]
    [TestCase("/..", ExpectedResult = null)]
    [TestCase("/./a", ExpectedResult = null)]
    [TestCase("/a/../b", ExpectedResult = null)]
    [TestCase("/%2e", ExpectedResult = null)]
    [TestCase("/a/.%2E/", ExpectedResult = null)]
    [TestCase("/%", ExpectedResult = null)]
    [TestCase("/\u00e4", ExpectedResult = null)]
    public string? Decoded(string raw)
    {
        var destination = new char[raw.Length];
        var found = UpgradePath.TryDecode(Encoding.Latin1.GetBytes(raw), destination, out var written);

        Assert.That(found || written == 0);
        return found ? new string(destination, 0, written) : null;
    }

    [Test]
    public void Destination_holds_the_longest_outcome()
        => Assert.That(() => UpgradePath.TryDecode("/abc"u8, new char[3], out _), Throws.ArgumentException);

    [Test]
    public void What_was_escaped_comes_back() => Prop.ForAll<NonNull<string>>(text =>
    {
        var valid = new string([.. text.Get.Where(c => !char.IsSurrogate(c) && c is not ('/' or '\0'))]);
        var raw = "/x" + string.Concat(Encoding.UTF8.GetBytes(valid).Select(b => $"%{b:X2}"));

        Assert.That(Decoded(raw), Is.EqualTo("/x" + valid));
    }).QuickCheckThrowOnFailure();
}
