"""The files of the pages: styles and scripts, joined and compressed into one file that needs no network."""

from __future__ import annotations

import functools
import os
import re
import zlib

import numpy as np

FOLDER = os.path.dirname(__file__)
IMPORT = re.compile(r'^import [^;]*?"\./(\w+\.js)";\n', re.MULTILINE)


@functools.cache
def program(main: str, without: tuple[str, ...] = ()) -> str:
    """A module and those that it imports as one script: each once, after those that it imports.

    without   modules that are left out, as nothing uses them

    All share one scope, so no two modules may define the same name.
    """
    folder = os.path.dirname(main)
    modules: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in modules and name not in without:
            text = _text(name)
            for needed in IMPORT.findall(text):
                add(f"{folder}/{needed}")
            modules[name] = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE)

    add(main)
    script = _without_indentation(_without_comments("".join(modules.values())))
    return '"use strict";\n' + "\n".join(map(_without_spaces, script.splitlines()))


def page_file(name: str) -> str:
    """A page or a style sheet below this folder, without its indentation and its comments."""
    return _without_indentation(re.sub(r" */\*.*?\*/", "", _text(name), flags=re.DOTALL))


def _text(name: str) -> str:
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def _without_comments(script: str) -> str:
    """Without types, and without the comments that end a line: the modules have "//" nowhere else."""
    script = re.sub(r"/\*\*.*?\*/ ?", "", script, flags=re.DOTALL)
    return re.sub(r"(^|\s+)// .*$|^//.*$", "", script, flags=re.MULTILINE)


def _without_spaces(line: str) -> str:
    """A line of a script without the spaces around operators; a line with a template or a division as it is.

    (Those around + and - stay: 1 - -1 is not 1--1.)
    """
    if "`" in line or "/" in line:
        return line
    parts = re.split(r'("[^"]*")', line)
    parts[::2] = (re.sub(r" ?([=<>!*?:&|,;{}()\[\]]+) ?", r"\1", part) for part in parts[::2])
    return "".join(parts)


def _without_indentation(text: str) -> str:
    return re.sub(r"^\s+", "", text, flags=re.MULTILINE)


def packed(text: str) -> str:
    """Compressed, in letters that a page may hold: two of 91 for 13 bits, which base64 needs 17 for.

    page/unpack.js undoes it. The letters are those of ASCII but for <, \\ and {, which mean something.
    """
    # a lone surrogate, which a name may have, is no Unicode: it becomes a question mark
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(text.encode(errors="replace")) + packer.flush()
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    rest = -bits.size % 13
    groups = np.append(bits, np.zeros(rest, np.uint8)).reshape(-1, 13) @ (1 << np.arange(13))
    digits = np.stack(np.divmod(groups, 91), axis=1).ravel()
    if rest >= 8:  # the last letter has all the bits that are left: a pair would make another byte
        digits = np.append(digits[:-2], groups[-1])
    letters = digits + 33
    for without in (60, 92, 123):
        letters = letters + (letters >= without)
    return letters.astype(np.uint8).tobytes().decode()
