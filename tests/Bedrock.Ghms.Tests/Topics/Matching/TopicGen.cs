using FsCheck;
using FsCheck.Fluent;

namespace Bedrock.Ghms.Tests.Topics.Matching;

/// <summary>Topics and filters of few levels and few names, so that they meet.</summary>
internal static class TopicGen
{
    public static Gen<string> Topic { get; } = Join(Gen.Elements("a", "b", "", "$x"));

    public static Gen<string> Filter { get; } =
        from path in Join(Gen.Elements("a", "b", "", "$x", "+", "+"))
        from end in Gen.Elements("", "", "/#")
        from all in Gen.Choose(0, 20)
        select all == 0 ? "#" : path + end;

    private static Gen<string> Join(Gen<string> level) =>
        from count in Gen.Choose(1, 4)
        from levels in level.ListOf(count)
        let path = string.Join('/', levels)
        select path.Length == 0 ? "a" : path;
}
