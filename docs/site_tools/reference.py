"""Writes the pages of the reference: what is public, by rooms and chapters, and the derivative table.

The names come from `__all__`, the texts from docstrings (by autodoc), and the rows of the table from
`tinygrad_edu.explain`. So nothing is listed here that could be forgotten.
"""

import ast
import functools
import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from site_tools.docstrings import inline

ROOMS = ("nn", "optim", "training", "data", "viz", "twins", "course")
TITLES = {
    "nn": "Layers and losses",
    "optim": "Optimizers and schedules",
    "training": "Training and metrics",
    "data": "Data",
    "viz": "Pictures",
    "twins": "The same model in Keras and scikit-learn",
    "course": "Lessons and assignments",
}
# Public modules whose names are not repeated in the `__all__` of their package.
ALSO = {
    "tinygrad_edu": ("tinygrad_edu.gradcheck",),
    "nn": ("tinygrad_edu.nn.initializers",),
    "optim": ("tinygrad_edu.optim.schedules",),
    "training": ("tinygrad_edu.distributed",),
    "twins": ("tinygrad_edu.twins.scikit_learn",),
}
PACKAGES = ("tinygrad_edu", "models")


@dataclass
class Section:
    """The names of one source file, under the first line of its docstring."""

    heading: str
    about: str
    names: list[str] = field(default_factory=list)  # full, public: tinygrad_edu.nn.Linear


@dataclass
class Page:
    path: str  # of the document, below reference/
    title: str
    about: str
    sections: list[Section]

    @property
    def names(self) -> list[str]:
        return [name for section in self.sections for name in section.names]


def get(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").strip().split("\n")[0]


def sections_of(prefix: str, names: Iterable[str]) -> list[Section]:
    """The names of a package, by the files that define them, in the order of the package."""
    found: dict[str, Section] = {}
    for name in names:
        thing = get(f"{prefix}.{name}")
        if inspect.ismodule(thing) or isinstance(thing, str):
            continue
        home = inspect.unwrap(thing).__module__ if callable(thing) else prefix
        if home.split(".")[0] not in PACKAGES:
            home = prefix
        if home not in found:
            module = importlib.import_module(home)
            found[home] = Section(home.rpartition(".")[2], first_line(module))
        found[home].names.append(f"{prefix}.{name}")
    return list(found.values())


def exported(module: ModuleType) -> list[str]:
    """The `__all__` of a module; without one, the public functions and classes that it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__
        if inspect.isfunction(thing) or (inspect.isclass(thing) and first_line(thing))
    ]


@functools.cache
def pages() -> tuple[Page, ...]:
    """Every page of the reference but those of the derivative table."""
    import models
    import tinygrad_edu

    def page_of(path: str, title: str, module: ModuleType) -> Page:
        sections = sections_of(module.__name__, exported(module))
        for name in ALSO.get(path, ()):
            more = importlib.import_module(name)
            sections += sections_of(name, exported(more))
        return Page(path, title, first_line(module), sections)

    found = [page_of("tinygrad_edu", "Tensors and derivatives", tinygrad_edu)]
    for room in ROOMS:
        page = page_of(room, TITLES[room], importlib.import_module(f"tinygrad_edu.{room}"))
        if room != "nn":
            found.append(page)
            continue
        found += [  # so many names that each file has a page
            Page(f"nn/{section.heading}", words_of(section.heading), section.about, [section])
            for section in page.sections
        ]
    for chapter in sorted(models.CHAPTERS - {"foundation"}) + ["foundation"]:
        module = importlib.import_module(f"models.{chapter}")
        own = [n for n, home in models.MODULE_OF.items() if home.startswith(f"models.{chapter}.")]
        others = [n for n in vars(module).get("__all__", ()) if n not in own]
        merged: dict[str, Section] = {}
        for section in sections_of("models", own) + sections_of(f"models.{chapter}", others):
            merged.setdefault(section.heading, section).names += [
                name for name in section.names if name not in merged[section.heading].names
            ]
        found.append(
            Page(f"models/{chapter}", words_of(chapter), first_line(module), list(merged.values()))
        )
    return tuple(_without_repeats(found))


def _without_repeats(found: list[Page]) -> list[Page]:
    """A thing has one entry, where it comes first: `models.utils.Bunch` is that of the data sets."""
    seen: set[int] = set()
    for page in found:
        for section in page.sections:
            new = [name for name in section.names if id(get(name)) not in seen]
            seen |= {id(get(name)) for name in new}
            section.names[:] = new
        page.sections[:] = [section for section in page.sections if section.names]
    return found


def words_of(name: str) -> str:
    """The title of a page: `gaussian_processes` is "Gaussian processes"."""
    written = {
        "ctc_loss": "CTC loss",
        "ctc_alignment": "CTC alignment",
        "einsum": "Einsum",
        "fft": "Fourier transforms",
    }
    return written.get(name, name.replace("_", " ").capitalize())


@functools.cache
def documented() -> dict[str, str]:
    """Full names of everything with an entry -> the document."""
    found = {name: f"reference/{page.path}" for page in pages() for name in page.names}
    return found | {
        f"tinygrad_edu.ops.{entry_of(row)}": f"reference/rows/{chapter_of(row)}" for row in rows()
    }


def linker(of: str) -> Any:
    """A function that finds what a name in the docstring of `of` refers to, or None."""
    room = ".".join(of.split(".")[:2])

    def link(name: str) -> str | None:
        if not re.fullmatch(r"[A-Za-z_][\w.]*", name) or name in ("self", "data", "op", "models"):
            return None
        parts = of.split(".")
        around = [".".join([*parts[:i], name]) for i in range(len(parts) - 1, 0, -1)]
        options = [*around, f"{room}.{name}", f"tinygrad_edu.{name}", name]
        if name[0].isupper():  # a class has its name once, or is where it is used
            options += [full for full in documented() if full.endswith(f".{name}")][:1]
        for option in options:
            if option in documented() and option != of:
                return option
            owner, _, member = option.rpartition(".")
            if owner in documented() and owner != of and member in members(get(owner)):
                return option
        return None

    return link


@functools.cache
def members(cls: Any) -> tuple[str, ...]:
    """The public methods and properties with a docstring that no other entry documents."""
    if not inspect.isclass(cls):
        return ()
    elsewhere = set(map(id, _classes()))
    found: dict[str, None] = {}
    hidden: set[str] = set()
    for home in cls.__mro__:
        foreign = home.__module__.split(".")[0] not in PACKAGES
        for name, thing in vars(home).items():
            if name.startswith("_") or name in hidden:
                continue
            hidden.add(name)
            if foreign or (home is not cls and id(home) in elsewhere):
                continue
            if isinstance(thing, (classmethod, staticmethod)):
                thing = thing.__func__
            is_member = inspect.isfunction(thing) or isinstance(
                thing, (property, functools.cached_property)
            )
            if is_member and thing.__doc__:
                found[name] = None
    return tuple(found)


@functools.cache
def _classes() -> tuple[type, ...]:
    return tuple(c for page in pages() for c in map(get, page.names) if inspect.isclass(c))


@functools.cache
def _names_of_things() -> dict[int, str]:
    return {id(get(name)): name for page in pages() for name in page.names}


def inherited(cls: type) -> list[tuple[str, list[str]]]:
    """Full names of documented base classes, and the methods that come from them."""
    names = _names_of_things()
    seen = set(members(cls)) | {n for n in vars(cls) if not n.startswith("_")}
    found = []
    for base in cls.__mro__[1:]:
        if id(base) not in names:
            seen |= {n for n in vars(base) if not n.startswith("_")}
            continue
        own = [n for n in members(base) if n not in seen and hasattr(cls, n)]
        seen |= set(own)
        if own:
            found.append((names[id(base)], own))
    return found


# ---------------------------------------------------------------------------------------- the pages


def write(folder: Path) -> None:
    """Writes the pages of the reference into a folder. A file with the same text is left alone."""
    for page in pages():
        save(folder / f"{page.path}.rst", "\n".join(_page(page)))
    for chapter in {chapter_of(row): None for row in rows()}:
        save(folder / "rows" / f"{chapter}.rst", "\n".join(_chapter(chapter)))
    save(folder / "rows" / "index.rst", "\n".join(_rows_index()))
    save(folder / "contents.rst", "\n".join(_contents()))
    save(folder / "models" / "index.rst", "\n".join(_listing("models", "Classical models")))
    save(folder / "nn" / "index.rst", "\n".join(_listing("nn", TITLES["nn"])))
    save(folder / "source.rst", "\n".join(_sources()))


def save(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def heading(text: str, line: str) -> list[str]:
    return [inline(text), line * (len(text) + 8), ""]


def summary(names: Iterable[str]) -> Iterator[str]:
    yield from [".. list-table::", "   :class: names", "   :widths: 30 70", ""]
    for name in names:
        about = inline(first_line(get(name)), linker(name))
        yield f"   * - :py:obj:`~{name}`"
        yield f"     - {about}"
    yield ""


def _page(page: Page) -> Iterator[str]:
    yield from heading(page.title, "=")
    yield from [inline(page.about), ""]
    if len(page.names) > 1:
        yield from summary(page.names)
    for section in page.sections:
        if len(page.sections) > 1:
            yield from heading(words_of(section.heading), "-")
            yield from [inline(section.about), ""]
        for name in section.names:
            yield from _entry(name)


def _entry(name: str) -> Iterator[str]:
    thing = get(name)
    if inspect.isclass(thing):
        yield f".. autoclass:: {name}"
        if members(thing):
            yield f"   :members: {', '.join(members(thing))}"
        bases = inherited(thing)
        if bases:
            yield ""
        for base, methods in bases:
            told = ", ".join(f":py:meth:`{method} <{base}.{method}>`" for method in methods)
            yield f"   From :py:class:`~{base}`: {told}."
            yield ""
    elif callable(thing) and not hasattr(thing, "rules"):
        yield f".. autofunction:: {name}"
    else:
        yield f".. autodata:: {name}"
        yield "   :no-value:"
    yield ""


def _listing(folder: str, title: str) -> Iterator[str]:
    """The page of a folder: its pages, with the first line of each."""
    yield from heading(title, "=")
    module = importlib.import_module("models" if folder == "models" else f"tinygrad_edu.{folder}")
    yield from [inline(first_line(module)), ""]
    own = [page for page in pages() if page.path.startswith(f"{folder}/")]
    yield from [".. list-table::", "   :class: names", "   :widths: 30 70", ""]
    for page in own:
        yield f"   * - :doc:`/reference/{page.path}`"
        yield f"     - {inline(page.about)} *{len(page.names)} names.*"
    yield from ["", ".. toctree::", "   :hidden:", ""]
    yield from (f"   /reference/{page.path}" for page in own)
    yield ""


def _contents() -> Iterator[str]:
    """Every public name, alphabetically: one page to search by eye."""
    yield from heading("All names", "=")
    names = [name for page in pages() for name in page.names]
    yield from [
        f"{len(names)} names, and {len(rows())} rows of the :doc:`derivative table <rows/index>`.",
        "",
    ]
    letter = ""
    for name in sorted(names, key=lambda n: n.rpartition(".")[2].lower()):
        short = name.rpartition(".")[2]
        if short[0].upper() != letter:
            letter = short[0].upper()
            yield from ["", f".. rubric:: {letter}", ""]
        yield f"| :py:obj:`{short} <{name}>` — {name.rpartition('.')[0]}"
    yield ""


# ---------------------------------------------------------------------------- the derivative table


@functools.cache
def rows() -> tuple[Any, ...]:
    """The rows of the package. Rows that somebody else has added in this process have no page."""
    from tinygrad_edu import ops

    own = (row for row in ops.rows() if place(row)[0].startswith("tinygrad_edu/ops/"))
    return tuple(sorted(own, key=lambda row: row.name.lower()))


def entry_of(row: Any) -> str:
    """The name of its entry: some rows have names of two words."""
    return row.name.replace(" ", "_")


def place(row: Any) -> tuple[str, int]:
    """The file and the line of a row's rule."""
    lines = dict(explanation(row).lines)
    file, _, line = lines.get("in", "tinygrad_edu/ops/elementwise.py, line 1").partition(", line ")
    return file, int(line or 1)


@functools.cache
def explanation(row: Any) -> Any:
    from tinygrad_edu import explain

    return explain(row)


def chapter_of(row: Any) -> str:
    """The file of tinygrad_edu/ops in which a row stands."""
    return Path(place(row)[0]).stem


def _about(chapter: str) -> str:
    return first_line(importlib.import_module(f"tinygrad_edu.ops.{chapter}"))


def _chapter(chapter: str) -> Iterator[str]:
    yield from heading(words_of(chapter), "=")
    yield from [inline(_about(chapter)), ""]
    own = [row for row in rows() if chapter_of(row) == chapter]
    yield f"A chapter of the :doc:`derivative table <index>`: :source:`tinygrad_edu/ops/{chapter}.py`."
    yield from ["g is the gradient of the loss with respect to the result y: g = ∂L/∂y.", ""]
    for row in own:
        yield from _row(row)


def _row(row: Any) -> Iterator[str]:
    rule = row.variadic_rule or next(r for r in row.rules if r)
    inputs = (
        list(inspect.signature(rule).parameters)[2 : 2 + len(row.rules)] if row.rules else ["*x"]
    )
    if row.params:
        inputs += ["*", *row.params]
    yield f".. py:function:: tinygrad_edu.ops.{entry_of(row)}({', '.join(inputs)})"
    if next(r for r in rows() if r.name == row.name) is not row:
        yield "   :no-index:"  # of vectors and of matrices, say
    yield from ["", f"   y = {inline(row.formula)}", ""]
    for label, text in explanation(row).lines:
        if label in ("where", "settings", "in"):
            continue
        if label.startswith("∂"):
            if is_python(text):
                yield from [f"   {inline(label)} =", "", "   .. code-block:: python", ""]
                yield from ("      " + line for line in text.split("\n"))
            else:
                yield f"   {inline(label)} = {inline(text)}"
        else:
            yield f"   *{label.capitalize()}:* {inline(text)}"
        yield ""
    file, line = place(row)
    yield from [f"   :source:`{file}#{line}`", ""]


def is_python(text: str) -> bool:
    """Is a rule told by its source, and not by its formula?"""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _rows_index() -> Iterator[str]:
    from tinygrad_edu.explaining import table

    chapters = sorted({chapter_of(row) for row in rows()})
    yield from heading("The derivative table", "=")
    yield from [
        "Every derivative of this library is a row: a NumPy function beside its rules. ``backward()``",
        "gives a rule the gradient g = ∂L/∂y, the result y and the inputs, and gets ∂L/∂x. Rules are",
        "NumPy themselves, so they are differentiated like everything else. In Python",
        "``explain(np.tanh)`` shows a row, and in a terminal ``tinygrad-edu rows`` lists them.",
        "",
        inline(" ".join(table().rpartition("\n\n")[2].split())),
        "",
        "Chapters: " + ", ".join(f":doc:`{words_of(c)} <{c}>`" for c in chapters) + ".",
        "",
        ".. list-table::",
        "   :class: names rows",
        "   :header-rows: 1",
        "   :widths: 24 33 43",
        "",
        "   * - row",
        "     - y",
        "     - derivative",
    ]
    for row in rows():
        yield f"   * - :py:func:`{row.name} <tinygrad_edu.ops.{entry_of(row)}>`"
        yield f"     - {inline(row.formula) or '—'}"
        told = [(label, text) for label, text in explanation(row).lines if label.startswith("∂")]
        for i, (label, text) in enumerate(told):
            short = text if "\n" not in text and len(text) <= 90 else "see the row"
            code = f"``{short}``" if short == text else f"*{short}*"
            yield f"     {'- ' if i == 0 else '  '}| {inline(label)} = {code}"
    yield from ["", ".. toctree::", "   :hidden:", ""]
    yield from (f"   {chapter}" for chapter in chapters)
    yield ""


# ------------------------------------------------------------------------------------- source files


def modules() -> Iterator[str]:
    for package in map(importlib.import_module, PACKAGES):
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not found.name.endswith("__main__"):
                yield found.name


def file_of(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin)


def docstring_of(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.strip().split("\n")[0]


def _sources() -> Iterator[str]:
    yield from heading("Every source file", "=")
    yield from ["Each file with its first line, and the number of its lines.", ""]
    room = None
    for module in modules():
        path = file_of(module)
        parts = module.split(".")
        inside = path.name == "__init__.py" or len(parts) > 2
        here = ".".join(parts[: 2 if inside else 1])
        if here != room:
            room = here
            yield from ["", *heading(room.replace(".", "/"), "-")]
            yield from [".. list-table::", "   :class: names", "   :widths: 38 54 8", ""]
        root = path.parents[len(parts) - (path.name != "__init__.py")]
        name = path.relative_to(root).as_posix()
        yield f"   * - :source:`{name}`"
        yield f"     - {inline(docstring_of(path)) or '—'}"
        yield f"     - {len(path.read_text(encoding='utf-8').splitlines())}"
    yield ""
