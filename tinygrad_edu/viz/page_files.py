"""The files of the pages: styles and scripts, joined and compressed into one file that needs no network."""

from __future__ import annotations

import base64
import os
import re
import zlib

FOLDER = os.path.dirname(__file__)
IMPORT = re.compile(r'^import [^;]*?"\./(\w+\.js)";\n', re.MULTILINE)


def program(main: str) -> str:
    """A module and those that it imports as one script: each once, after those that it imports.

    All share one scope, so no two modules may define the same name.
    """
    folder = os.path.dirname(main)
    modules: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in modules:
            text = _text(name)
            for needed in IMPORT.findall(text):
                add(f"{folder}/{needed}")
            modules[name] = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE)

    add(main)
    return '"use strict";\n' + _without_indentation(_without_comments("".join(modules.values())))


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


def _without_indentation(text: str) -> str:
    return re.sub(r"^\s+", "", text, flags=re.MULTILINE)


def packed(text: str) -> str:
    """Compressed, in letters that a page may hold."""
    # a lone surrogate, which a name may have, is no Unicode: it becomes a question mark
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(text.encode(errors="replace")) + packer.flush()
    return base64.b64encode(packed).decode()
