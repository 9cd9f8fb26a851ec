using System.Globalization;
using System.Text;

namespace Chat;

/// <summary>What the user reads and types. What others say does not get into the line that is being typed. Safe for concurrent use.</summary>
/// <param name="input">Where lines are read from, unless they are typed at a screen.</param>
/// <param name="output">Where everything is shown.</param>
/// <param name="isScreen">Whether a person sits at it, for whom lines are edited and coloured.</param>
internal sealed class Terminal(TextReader input, TextWriter output, bool isScreen)
{
    private const string EraseLine = "\r\e[K";
    private const string Prompt = "> ";

    private readonly Lock _sync = new();
    private readonly StringBuilder _typed = new();

    public void Say(Words words) => WriteLine(
        $"{words.At.ToLocalTime().ToString("HH:mm", CultureInfo.InvariantCulture)} {Colour(NameColour(words.Name), Plain(words.Name))}: {Plain(words.Text)}");

    public void Note(string text) => WriteLine(Colour(2, $"* {Plain(text)}"));

    /// <summary>Reads a line; <see langword="null"/> when there are no more.</summary>
    /// <remarks>A console cannot be read asynchronously: a thread does it, which ends with the process if nothing is typed any more.</remarks>
    public Task<string?> ReadLineAsync(CancellationToken cancellationToken) =>
        Task.Run(() => isScreen ? Edit() : input.ReadLine(), CancellationToken.None).WaitAsync(cancellationToken);

    /// <summary>Takes everything out of a peer's text that would do something to a terminal instead of being shown on it.</summary>
    public static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            plain.Append(IsShown(rune) ? rune.ToString() : Rune.ReplacementChar.ToString());
        }

        return plain.ToString();
    }

    // The joiner holds emoji together; all other characters of its category change the direction of text or are not seen at all.
    private static bool IsShown(Rune rune) => rune.Value == 0x200D || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    private static int NameColour(string name) => 31 + (name.Sum(c => c) % 6);

    private string Colour(int colour, string text) => isScreen ? $"\e[{colour}m{text}\e[0m" : text;

    private void WriteLine(string line)
    {
        lock (_sync)
        {
            if (isScreen)
            {
                output.Write(EraseLine);
            }

            output.WriteLine(line);
            Draw();
        }
    }

    // One line, the end of it if it is long, so that it can be erased again.
    private void Draw()
    {
        if (isScreen)
        {
            var room = Math.Max(1, Console.WindowWidth - Prompt.Length - 1);
            output.Write(EraseLine + Prompt + _typed.ToString(Math.Max(0, _typed.Length - room), Math.Min(room, _typed.Length)));
        }

        output.Flush();
    }

    // What was typed goes away with Enter: it comes back as words that all see.
    private string? Edit()
    {
        while (true)
        {
            lock (_sync)
            {
                Draw();
            }

            var key = Console.ReadKey(intercept: true);
            lock (_sync)
            {
                switch (key)
                {
                    case { Key: ConsoleKey.Enter }:
                        var line = _typed.ToString();
                        _typed.Clear();
                        Draw();
                        return line;
                    case { Key: ConsoleKey.D, Modifiers: ConsoleModifiers.Control } when _typed.Length == 0:
                        return null;
                    case { Key: ConsoleKey.U, Modifiers: ConsoleModifiers.Control }:
                        _typed.Clear();
                        break;
                    case { Key: ConsoleKey.Backspace }:
                        _typed.Length -= _typed.Length == 0 ? 0 : 1;
                        break;
                    case { KeyChar: var typed } when !char.IsControl(typed):
                        _typed.Append(typed);
                        break;
                }
            }
        }
    }
}
