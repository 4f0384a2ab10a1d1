"""Docstrings as reStructuredText.

The docstrings of this project are plain text for `help()`: sentences, formulas in Unicode, columns of names
and meanings, indented formulas. Read as reStructuredText, their stars and bars would be markup, and their
lines would run together. `to_rst` finds the blocks of a docstring and writes each in the markup that looks
like it:

    name   meaning            a definition list
    x: (N, T), y: (N,)        lines that stay lines, where one ends early
        w ← w - lr g          a literal block, with its spaces
    >>> f(1)                  a doctest
    Parameters:               a heading, and a definition list
"""

import itertools
import re
import textwrap
from collections.abc import Callable

WIDTH = 84  # a line that would have had room for the next word up to here was ended on purpose
HEADED = re.compile(r"^(Parameters|Learned by fit|Attributes|Returns):$")
# A term stands in a column of its own, and two spaces or more follow it.
TERM = re.compile(r"""^(?P<term>[\w*.\[\]{}()"'<>=/\u0370-\u03ff-]+(?:, [\w*."'-]+)*) {2,}(?=\S)""")
SHAPES = re.compile(r"^[\w*]+: \(")  # "x: (N, T, inputs)" begins a line of its own
LIKE_MARKUP = re.compile(r"^(?:[-+*•‣|] |\(?(?:\w|\d+|[ivxlcIVXLC]+)[.)] |#\. |\.\. |__ |:\w|>>>)")

Link = Callable[[str], "str | None"]  # a name in backquotes -> the full name of what is documented


def to_rst(docstring: str, link: Link = lambda name: None) -> list[str]:
    """The lines of reStructuredText that show a docstring as it is."""
    lines: list[str] = []
    for number, block in enumerate(_blocks(textwrap.dedent(docstring).strip("\n"))):
        if lines:
            lines.append("")
        lines += _shown(block, link, number == 0)
    return lines


def inline(text: str, link: Link = lambda name: None) -> str:
    """Text whose only markup are names in backquotes."""
    pieces = re.split(r"`([^`\n]+)`", text)
    shown = ""
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            shown += re.sub(r" {2,}", lambda m: " \u2003", re.sub(r"([\\*_|`])", r"\\\1", piece))
            continue
        target = link(piece.removesuffix("()"))
        piece = piece.replace("\\", "\\\\") if target else piece
        before = "\\ " if shown and not shown[-1].isspace() else ""
        role = f":py:obj:`{piece} <{target}>`" if target else f"``{piece.strip()}``"
        shown += f"{before}{role}" + ("\\ " if pieces[i + 1][:1].strip() else "")
    return "\\ " + shown if LIKE_MARKUP.match(text) else shown


def _blocks(text: str) -> list[list[str]]:
    """The parts of a docstring that an empty line separates; an indented block keeps its empty lines."""
    blocks = [part.split("\n") for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
    joined: list[list[str]] = []
    for block in blocks:
        if joined and block[0].startswith("    ") and joined[-1][-1].startswith("    "):
            joined[-1] += ["", *block]
        else:
            joined.append(block)
    return joined


def _shown(block: list[str], link: Link, is_first: bool) -> list[str]:
    """One block. What begins as one kind and goes on as another is cut where the kinds change."""
    if block[0].startswith(">>>"):
        return block
    if HEADED.match(block[0]) and len(block) > 1:
        items = _items(textwrap.dedent("\n".join(block[1:])).split("\n"))
        return [f".. rubric:: {block[0][:-1]}", "", *_definitions(items, link)]
    if block[0].startswith("  "):
        inside = [line for line in block if line.startswith("  ") or not line]
        rest = block[len(inside) :] if block[: len(inside)] == inside else []
        inside = block[: len(block) - len(rest)]
        return [
            "::",
            "",
            *("    " + line for line in textwrap.dedent("\n".join(inside)).split("\n")),
        ] + (["", *_shown(rest, link, False)] if rest else [])
    if not is_first and (column := TERM.match(block[0])):
        table, rest = _columns(block, column.end())
        return _definitions(table, link) + (["", *_shown(rest, link, False)] if rest else [])
    prose = _until(block, lambda line: line.startswith("    ") or line.startswith(">>>"))
    if not is_first and len(prose) > 1:  # a column of names may follow a sentence
        prose = [prose[0], *_until(prose[1:], lambda line: bool(TERM.match(line)))]
    rest = block[len(prose) :]
    return _paragraph(prose, link) + (["", *_shown(rest, link, False)] if rest else [])


def _until(lines: list[str], stop: Callable[[str], bool]) -> list[str]:
    end = next((i for i, line in enumerate(lines) if stop(line)), len(lines))
    return lines[:end]


def _columns(block: list[str], column: int) -> tuple[list[tuple[str, str]], list[str]]:
    """The items of a block of two columns, and the lines after it that are not of it."""
    items: list[tuple[str, str]] = []
    for i, line in enumerate(block):
        term, text = line[:column], line[column:]
        fits = term.endswith(" ") and not text.startswith(" ")
        if fits and not term.strip() and items:
            items[-1] = (items[-1][0], f"{items[-1][1]} {text}")
        elif fits and term.strip() and " " not in term.strip().replace(", ", ""):
            items.append((term.strip(), text))
        elif match := TERM.match(line):
            items.append((match["term"], line[match.end() :]))
        elif line.startswith("  ") and items:
            items[-1] = (items[-1][0], f"{items[-1][1]} {line.strip()}")
        else:
            return items, block[i:]
    return items, []


def _items(lines: list[str]) -> list[tuple[str, str]]:
    """The items `name=default: type; meaning`, which go on in lines that are indented."""
    items: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(" ") and items:
            items[-1] = (items[-1][0], f"{items[-1][1]} {line.strip()}")
        else:
            term, _, text = line.partition(": ")
            items.append((term, text))
    return items


def _definitions(items: list[tuple[str, str]], link: Link) -> list[str]:
    lines: list[str] = []
    for term, text in items:
        lines += [f"``{term}``", f"    {inline(text, link)}"]
    return lines


def _paragraph(block: list[str], link: Link) -> list[str]:
    """A paragraph; with lines that end early, a block of lines."""
    lines = [block[0].strip()]
    for before, line in itertools.pairwise(block):
        word = line.split(" ")[0]
        if len(before) + 1 + len(word) < WIDTH or SHAPES.match(line):
            lines.append(line.strip())
        else:
            lines[-1] += " " + line.strip()
    if len(lines) == 1:
        return [inline(lines[0], link)]
    return [f"| {inline(line, link)}" for line in lines]
