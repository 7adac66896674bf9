#!/usr/bin/env python3
"""No function over 70 lines, no file over 700 (a warning from 500 on): STYLE, "Size".

Functions are found by their braces: what opens a block after a closing parenthesis, outside any other
function, is a body. Lambdas count as part of the function they stand in.
"""

import re

import sources

FUNCTION_LINES = 70
FILE_LINES = 700
FILE_WARNING = 500

KEYWORD = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b(?![^;{}]*\)\s*(const|noexcept|override|final|&|\s)*$)")
AFTER_PARAMETERS = re.compile(
    r"\)\s*(const|noexcept(\s*\([^)]*\))?|override|final|&&?|mutable|->\s*[\w:<>,\s*&]+|requires[^{;]*|\s)*"
    r"(:\s[^;]*)?$",
    re.DOTALL,
)


def functions(text):
    """(name, first line, number of lines) of every function."""
    code = re.sub(r"^\s*#.*(?:\\\n.*)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  sources.without_comments(text), flags=re.MULTILINE)
    found = []
    head_start, depth, body = 0, 0, None
    for position, sign in enumerate(code):
        if sign == "{":
            if body is None and not opens_scope(code[head_start:position]):
                body = (depth, head_start)
            depth += 1
            if body is None:
                head_start = position + 1
        elif sign == "}":
            depth -= 1
            if body is not None and depth == body[0]:
                found.append(describe(code, body[1], position))
                body = None
            if body is None:
                head_start = position + 1
        elif sign == ";" and body is None and code.count("(", head_start, position) == code.count(
            ")", head_start, position
        ):
            head_start = position + 1
    return [one for one in found if one]


def opens_scope(head):
    """Whether the block after `head` holds declarations, not statements."""
    head = head.strip()
    return bool(KEYWORD.search(head)) and not AFTER_PARAMETERS.search(head)


def describe(code, start, end):
    head = code[start:end].split("{")[0]
    if not AFTER_PARAMETERS.search(head):  # an initializer: a table of data may be long
        return None
    start += len(head) - len(head.lstrip())
    first = code[:start].count("\n") + 1
    last = code[:end].count("\n") + 1
    name = re.search(r"([\w:~]+)\s*\(", head)
    return (name.group(1) if name else head.strip()[:40], first, last - first + 1)


def problems_of(name):
    text = sources.text_of(name)
    lines = text.count("\n")
    found = []
    if lines > FILE_LINES:
        found.append(f"{name}:1: {lines} lines, {FILE_LINES} are the most; split it where a name suggests itself")
    elif lines > FILE_WARNING:
        print(f"{name}:1: warning: {lines} lines; {FILE_LINES} are the most")
    for function, first, length in functions(text):
        if length > FUNCTION_LINES:
            found.append(
                f"{name}:{first}: {function} has {length} lines, {FUNCTION_LINES} are the most; "
                "keep the branches here and move the work into functions below"
            )
    return found


def main():
    files = sources.cpp_files()
    problems = [problem for name in files for problem in problems_of(name)]
    sources.finish("size", problems, len(files))


main()
