"""Builds the site into build/docs, without a network: `make docs`, or python docs/build.py.

1. build/docs-source gets this folder, the lessons, CONVENTIONS.md, and the written pages of the reference.
   A file whose content is the same is left alone, so that Sphinx builds only what has changed.
2. Sphinx builds the pages; a warning is an error.
3. Every link, anchor and picture of the pages must exist, and none may come from a network.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

SOURCE = ROOT / "build" / "docs-source"
OUT = ROOT / "build" / "docs"


def put(path: Path, content: bytes) -> None:
    """Writes a file, unless it holds this already."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def assemble() -> None:
    """Fills build/docs-source, and removes from it what no longer exists."""
    from site_tools import lessons, reference

    wanted = {
        path.relative_to(HERE): path.read_bytes()
        for path in sorted(HERE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= lessons.files(ROOT)
    for path, content in wanted.items():
        put(SOURCE / path, content)
    reference.write(SOURCE / "reference")
    sections = {path.name for path in (HERE / "gallery").iterdir()}
    gone = [
        path
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and not is_wanted(path.relative_to(SOURCE), wanted, sections)
    ]
    for path in gone:
        path.unlink()
    if gone:  # pages that no longer have a source would stay
        shutil.rmtree(OUT, ignore_errors=True)


def is_wanted(path: Path, wanted: dict[Path, bytes], sections: set[str]) -> bool:
    """Has a file a place in the sources: copied, or made by the gallery or the reference?"""
    if path.parts[0] == "examples" and len(path.parts) > 2:
        return path.parts[1] in sections | {"images"}
    return path in wanted or path.parts[0] in ("examples", "reference")


def sphinx(arguments: list[str]) -> int:
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-j", "2", "-q"]
    return subprocess.run([*command, *arguments, str(SOURCE), str(OUT)], cwd=ROOT).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fresh", action="store_true", help="build every page anew")
    wishes = parser.parse_args()
    if wishes.fresh:
        shutil.rmtree(SOURCE, ignore_errors=True)
        shutil.rmtree(OUT, ignore_errors=True)
    start = time.perf_counter()
    assemble()
    failed = sphinx([])
    from site_tools.check import faults

    found = faults(OUT)
    for fault in found:
        print(fault)
    pages = len([*OUT.rglob("*.html")])
    print(
        f"{pages} pages in {time.perf_counter() - start:.0f} s: {OUT.relative_to(ROOT)}/index.html"
    )
    return 1 if failed or found else 0


if __name__ == "__main__":
    sys.exit(main())
