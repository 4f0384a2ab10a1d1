"""Reads the built pages: every link, anchor and picture exists, and nothing is loaded from a network."""

import functools
import html
import re
import urllib.parse
from pathlib import Path

# What a browser loads by itself, and from which attribute. (A link that somebody clicks may leave the site.)
LOADED = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src",
    "link": "href", "embed": "src", "object": "data", "image": "href", "use": "href",
}  # fmt: skip
NETWORK = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(
    r"""url\(\s*['"]?\s*((?:https?:)?//[^'")]+)|@import\s+['"]((?:https?:)?//[^'"]+)"""
)


TAG = re.compile(r"<([a-z][a-z0-9]*)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
NAMED = re.compile(r"""\s(?:id|name)=["']([^"']+)""")


class Page:
    """The links, the loaded files and the anchors of one page."""

    def __init__(self, text: str) -> None:
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.without_words: list[str] = []  # pictures without an alternative text
        self.anchors = {html.unescape(anchor) for anchor in NAMED.findall(text)}
        for tag, inside in TAG.findall(text):
            tag = tag.lower()
            if tag == "a" or tag in LOADED:
                given = {n.lower(): html.unescape(a or b) for n, a, b in ATTRIBUTE.findall(inside)}
                self._read(tag, given)

    def has(self, anchor: str) -> bool:
        return not anchor or urllib.parse.unquote(anchor) in self.anchors

    def _read(self, tag: str, given: dict[str, str]) -> None:
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADED and given.get(LOADED[tag]) and given.get("rel") not in ("search", "index"):
            self.loaded.append(given[LOADED[tag]])
        self.loaded += [
            part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()
        ]
        if tag == "img" and "alt" not in given:
            self.without_words.append(given.get("src", "")[:60])


def faults(folder: Path) -> list[str]:
    """A line for each fault of the pages in a folder; none is good."""

    @functools.cache
    def page(path: Path) -> Page:
        return Page(path.read_text(encoding="utf-8"))

    found = []
    for path in sorted(folder.rglob("*.html")):
        name = path.relative_to(folder).as_posix()
        text = path.read_text(encoding="utf-8")
        for address in [a for a in page(path).loaded if NETWORK.match(a)]:
            found.append(f"{name}: loads {address}")
        found += [f"{name}: a style loads {a or b}" for a, b in IN_STYLES.findall(text)]
        found += [
            f"{name}: a picture without alternative text: {p}" for p in page(path).without_words
        ]
        for link in dict.fromkeys([*page(path).links, *page(path).loaded]):
            address, _, anchor = link.partition("#")
            if re.match(r"^[a-z]+:|^//", address, re.IGNORECASE):
                continue
            address = urllib.parse.unquote(address.partition("?")[0])
            target = (path.parent / address).resolve() if address else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                found.append(f"{name}: there is no {link}")
            elif target.suffix == ".html" and not page(target).has(anchor):
                found.append(f"{name}: there is no such place: {link}")
    for path in sorted(folder.rglob("*.css")):
        for a, b in IN_STYLES.findall(path.read_text(encoding="utf-8")):
            found.append(f"{path.relative_to(folder).as_posix()}: loads {a or b}")
    return found
