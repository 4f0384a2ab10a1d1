"""The parts of the build that are calls of Sphinx: docstrings, links to source lines, MathJax."""

import importlib.util
import inspect
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.fileutil import copy_asset_file
from sphinx.util.inspect import stringify_signature

from site_tools import reference
from site_tools.docstrings import to_rst

CONTENTS: dict[tuple, str] = {}


def process_docstring(
    app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    lines[:] = [*to_rst("\n".join(lines), reference.linker(name)), ""]


def process_signature(
    app: Any, what: str, name: str, thing: Any, options: Any, signature: str | None, result: Any
) -> tuple[str, Any] | None:
    """Leaves out what tells a reader nothing: `Any`, and how Python prints a class or function."""
    if not signature:
        return None
    if what == "class":  # also where a metaclass or __new__ takes anything
        try:
            signature = stringify_signature(inspect.signature(thing))
        except (TypeError, ValueError):
            return None
    signature = re.sub(r": (?:~?typing\.)?Any\b(?=[,)= ])", "", signature)
    signature = re.sub(r"<class '(?:numpy\.)?(\w+)'>", r"\1", signature)
    signature = re.sub(r"<(?:function|class) ([\w.]+)(?: at 0x\w+)?>", r"\1", signature)
    return re.sub(r" at 0x[0-9a-f]+", "", signature), None if result in (
        "Any",
        "~typing.Any",
    ) else result


def source(role: str, raw: str, text: str, line: int, inliner: Any, *rest: Any) -> tuple:
    """:source:`tinygrad_edu/tensor.py#43` is a link to that line in the source pages."""
    file, _, number = text.partition("#")
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    page = "_modules/" + module.replace(".", "/") + ".html"
    document = inliner.document.settings.env.current_document.docname
    target = "../" * document.count("/") + page + (f"#line-{number}" if number else "")
    label = f"{file}, line {number}" if number else file
    return [nodes.reference(raw, "", nodes.literal(label, label), refuri=target, internal=True)], []


def every_module(app: Any, env: Any) -> None:
    """Lets viewcode make a page of every source file, not only of those with documented names."""
    known = getattr(env, "_viewcode_modules", {})
    for module in reference.modules():
        if not known.get(module):
            analyzer = ModuleAnalyzer.for_module(module)
            analyzer.find_tags()
            known[module] = analyzer.code, analyzer.tags, {}, module
    env._viewcode_modules = known


def number_lines(app: Any, page: str, template: str, context: dict, doctree: Any) -> None:
    """In the pages of source each line gets an anchor: #line-43."""
    if not page.startswith("_modules/") or "<pre>" not in context.get("body", ""):
        return
    body = re.sub(r'(class="viewcode-back" href="[^"#]+#)([^"]+)', documented_as, context["body"])
    head, _, code = body.partition("<pre>")
    code, end, tail = code.rpartition("</pre>")
    number = 0
    lines = []
    for line in code.removeprefix("\n").split("\n"):
        if (
            line.startswith(('<div class="viewcode-block"', '<a class="viewcode-back"'))
            or line == "</div>"
        ):
            lines.append(line)  # viewcode's own, not of the file
            continue
        number += 1
        lines.append(f'<span class="line" id="line-{number}"></span>{line}')
    context["body"] = head + "<pre>" + "\n".join(lines) + end + tail


def documented_as(link: re.Match) -> str:
    """viewcode takes one prefix for all names of a file; some are documented under another."""
    known, parts = reference.documented(), link[2].split(".")
    prefixes = [".".join(parts[:i]) for i in range(len(parts), 0, -1)]
    if any(prefix in known for prefix in prefixes):
        return link[0]
    for i, part in enumerate(parts[1:], 1):
        for full in known:
            same = full.endswith(f".{part}") and full.startswith(parts[0])
            if same and not full.startswith("tinygrad_edu.ops."):
                return link[1] + ".".join([full, *parts[i + 1 :]])
    return link[0]


def same_contents(app: Any, page: str, template: str, context: dict, doctree: Any) -> None:
    """The contents at the side of a source page depend on its depth alone: Sphinx makes them once."""
    if not page.startswith("_modules/"):
        return
    depth, toctree = page.count("/"), context["toctree"]

    def contents(**settings: Any) -> str:
        key = (depth, *sorted(settings.items()))
        if key not in CONTENTS:
            CONTENTS[key] = toctree(**settings)
        return CONTENTS[key]

    context["toctree"] = contents


def copy_mathjax(app: Any, failure: Any) -> None:
    if failure or app.builder.name != "html":
        return
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    assert spec is not None and spec.origin is not None
    files = Path(spec.origin).parent / "static" / "mathjax"
    out = Path(app.outdir) / "_static" / "mathjax"
    for file in [
        files / "tex-chtml-full.js",
        *sorted(files.glob("output/chtml/fonts/woff-v2/*.woff")),
    ]:
        to = out / file.relative_to(files)
        to.parent.mkdir(parents=True, exist_ok=True)
        copy_asset_file(str(file), str(to))


def setup(app: Any) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", process_docstring)
    app.connect("autodoc-process-signature", process_signature)
    app.add_role("source", source)
    app.connect("env-updated", every_module)
    app.connect("html-page-context", number_lines)
    app.connect("html-page-context", same_contents, priority=100)  # before the theme asks for them
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
