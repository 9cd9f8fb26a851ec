using System.Globalization;
using System.Text;

namespace Chat;

/// <summary>What the user reads and types. What others say does not get into the line that is being typed. Safe for concurrent use.</summary>
/// <param name="input">Where lines are read from, unless they are typed at a screen.</param>
/// <param name="output">Where everything is shown.</param>
/// <param name="isScreen">Whether a person sits at it, for whom lines are edited and coloured.</param>
internal sealed class Terminal(TextReader input, TextWriter output, bool isScreen) : IDisposable
{
    private const string EraseLine = "\r\e[K";
    private const string Prompt = "> ";

    private readonly Lock _sync = new();
    private readonly StringBuilder _typed = new();

    public void Say(Words words) => WriteLine(
        $"{words.At.ToLocalTime().ToString("HH:mm", CultureInfo.InvariantCulture)} {Colour(NameColour(words.Name), PlainText.Of(words.Name))}: {PlainText.Of(words.Text)}");

    public void Note(string text) => WriteLine(Colour(2, $"* {PlainText.Of(text)}"));

    /// <summary>Reads a line; <see langword="null"/> when there are no more.</summary>
    /// <remarks>A console cannot be read asynchronously: a thread does it, which ends with the process if nothing is typed any more.</remarks>
    public Task<string?> ReadLineAsync(CancellationToken cancellationToken) =>
        Task.Run(() => isScreen ? Edit() : input.ReadLine(), CancellationToken.None).WaitAsync(cancellationToken);

    /// <summary>Leaves the screen without a line that is being typed.</summary>
    public void Dispose()
    {
        if (isScreen)
        {
            output.Write(EraseLine);
            output.Flush();
        }
    }

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

    private void Draw()
    {
        if (isScreen)
        {
            output.Write(EraseLine + Prompt + Tail(Console.WindowWidth - Prompt.Length - 1));
        }

        output.Flush();
    }

    // As much of the end as is sure to fit on one line, so that it can be erased again; from Hangul on there are wide characters.
    private string Tail(int columns)
    {
        var start = _typed.Length;
        while (start > 0 && (columns -= _typed[start - 1] < '\u1100' ? 1 : 2) >= 0)
        {
            start--;
        }

        return _typed.ToString(start, _typed.Length - start);
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
                        Rune.DecodeLastFromUtf16(_typed.ToString(), out _, out var last);
                        _typed.Length -= last;
                        break;
                    case { KeyChar: var typed } when !char.IsControl(typed):
                        _typed.Append(typed);
                        break;
                }
            }
        }
    }
}
