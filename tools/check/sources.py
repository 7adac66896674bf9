"""What the checks look at: the files of the tree, without what git ignores, and comments or strings cut out."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPP_ENDINGS = (".h", ".cc", ".cu", ".cpp")

# One token that may hide a quote or a comment sign inside another.
_HIDDEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"|"""
    r""""(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL,
)
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def listed_files():
    """Paths relative to ROOT, of all files that are tracked or would be added."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode == 0:
        names = answer.stdout.splitlines()
    else:  # an archive without its repository
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    return sorted(name for name in names if (ROOT / name).is_file())


def cpp_files():
    return [name for name in listed_files() if name.endswith(CPP_ENDINGS)]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def without_comments(text, keep_strings=False):
    """The same text, line for line, with comments (and strings) blanked out."""

    def blank(match):
        token = match.group(0)
        if keep_strings and not token.startswith("/"):
            return token
        return re.sub(r"[^\n]", " ", token)

    return _HIDDEN.sub(blank, text)


def includes(text):
    """(line number, path, written with angle brackets) of every #include."""
    found = []
    for number, line in enumerate(without_comments(text, keep_strings=True).splitlines(), 1):
        match = _INCLUDE.match(line)
        if match:
            found.append((number, match.group(2), match.group(1) == "<"))
    return found


def finish(check, problems, looked_at):
    """Prints the problems and ends the program: 1 if there are any."""
    for problem in problems:
        print(problem)
    print(f"{check}: {looked_at} files, {len(problems)} problems")
    sys.exit(1 if problems else 0)
