"""JSON files. Files that are not meant to be edited have a checksum, so that a changed digit is noticed."""

from __future__ import annotations

import json
from typing import Any

from tinygrad_edu.files.damage import naming_damage
from tinygrad_edu.files.drafts import Path, write_text


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes a whole new file of JSON or none, to be read and edited by people."""
    write_text(path, json.dumps(content, indent=1) + "\n")


def write_checked_json(path: Path, content: dict[str, Any]) -> None:
    """Writes a whole new file of JSON or none: the content, and its checksum `crc32`."""
    write_text(path, json.dumps({**content, "crc32": _checksum(content)}) + "\n")


def read_json(path: Path, kind: str = "a file of JSON", describe: Any = None) -> dict[str, Any]:
    """The content of a file, whose checksum must be right if there is one.

    kind, describe   for the error; see `naming_damage`

    Raises DamagedFileError for any other file.
    """
    with open(path, encoding="utf-8") as file, naming_damage(path, kind, describe):
        content = json.load(file)
        if not isinstance(content, dict):
            raise ValueError("it has no names and values")
        if "crc32" in content and content.pop("crc32") != _checksum(content):
            raise ValueError("its checksum is wrong")
        return content


def _checksum(content: dict[str, Any]) -> int:
    import zlib

    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
