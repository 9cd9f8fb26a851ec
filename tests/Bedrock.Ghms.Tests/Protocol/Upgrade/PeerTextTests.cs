using Bedrock.Ghms.Protocol;

namespace Bedrock.Ghms.Tests.Protocol.Upgrade;

public sealed class PeerTextTests
{
    [TestCase("", ExpectedResult = "")]
    [TestCase("plain ~text", ExpectedResult = "plain ~text")]
    [TestCase("a\r\n\tb\\c", ExpectedResult = @"a\r\n\tb\\c")]
    [TestCase("\0\u001b\u007f\u0085\u00e4\u202e", ExpectedResult = @"\u0000\u001B\u007F\u0085\u00E4\u202E")]
    [TestCase("\ud83d\ude00", ExpectedResult = @"\uD83D\uDE00")]
    public string Escaped(string text) => PeerText.Escape(text);

    [TestCase("abcd", ExpectedResult = "abcd")]
    [TestCase("abcde", ExpectedResult = "abcd...")]
    [TestCase("abc\n", ExpectedResult = "abc...")]
    [TestCase("ab\n", ExpectedResult = @"ab\n")]
    public string Cut_between_escapes(string text) => PeerText.Escape(text, cap: 4);
}
