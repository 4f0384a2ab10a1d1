"""The files of the site that stand elsewhere in the repository: the lessons, and the conventions."""

import json
import re
from pathlib import Path

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def files(root: Path) -> dict[Path, bytes]:
    """Paths in the sources of the site, and what they hold."""
    found: dict[Path, bytes] = {}
    names = {path.name for path in (root / "tutorials").glob("*.ipynb")}
    for path in sorted((root / "tutorials").glob("*.ipynb")):
        found[Path("tutorials") / path.name] = notebook(path.read_text(encoding="utf-8"), names)
    for path in sorted((root / "tutorials").glob("*.py")):
        found[Path("tutorials") / path.name] = path.read_bytes()
    index = (root / "docs" / "tutorials" / "index.md").read_text(encoding="utf-8")
    found[Path("tutorials/index.md")] = index.replace("<!-- table -->", table(root)).encode()
    conventions = (root / "CONVENTIONS.md").read_text(encoding="utf-8")
    found[Path("explanation") / "conventions.md"] = conventions.encode()
    return found


def table(root: Path) -> str:
    """The table of lessons from the page of the folder."""
    text = (root / "tutorials" / "README.md").read_text(encoding="utf-8")
    rows = re.search(r"^\| lesson .*?\n(?=\n|<!--)", text, re.DOTALL | re.MULTILINE)
    return rows[0] if rows else ""


def notebook(text: str, lessons: set[str]) -> bytes:
    """A lesson whose links to source files lead to the pages of source."""
    content = json.loads(text)
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = LINK.sub(lambda m: relinked(m, lessons), "".join(cell["source"]))
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def relinked(match: re.Match, lessons: set[str]) -> str:
    """A link as it is, if it leads to a lesson or out of the site; otherwise to a page of source."""
    words, target, _ = match.groups()
    name = Path(target).name
    if name in lessons or re.match(r"^[a-z]+:", target):
        return match[0]
    if target == "README.md":
        return f"[{words}](index.md)"
    if target.startswith(("../tinygrad_edu/", "../models/")) and target.endswith((".py", "/")):
        page = target.removesuffix(".py").rstrip("/").removesuffix("/__init__")
        return f'<a href="../_modules/{page.removeprefix("../")}.html">{_plain(words)}</a>'
    if target.endswith(".py") and "/" not in target:
        return f"[{words}](programs.md)"
    return words


def _plain(words: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", words)
