"""Pictures, drawn by graphviz: by the program `dot`, or by the one inside the package pygraphviz."""

from __future__ import annotations

import html
import importlib.util
import re
import shutil
import subprocess
import sys
from collections import Counter

from tinygrad_edu.viz.nodes import GraphData, printable
from tinygrad_edu.viz.render import dot

INSTALL = "install the program dot (apt install graphviz, brew install graphviz), or the package pygraphviz"
SECONDS = 30  # a layout that takes longer is given up

# In a process of its own, as `dot` is: it can be given up, and a crash in there is not ours.
PYGRAPHVIZ = (
    "import sys, pygraphviz; source = sys.stdin.buffer.read().decode(); "
    "picture = pygraphviz.AGraph(string=source).draw(format=sys.argv[1], prog='dot'); "
    "sys.stdout.buffer.write(picture)"
)


def draw(source: str, kind: str, seconds: float | None = None) -> bytes:
    """A picture (svg, png, pdf) of a program in graphviz's language.

    Raises ImportError if there is no graphviz, RuntimeError if it fails or does not finish in 30 seconds
    (or `seconds`).
    """
    seconds = SECONDS if seconds is None else seconds
    commands = []
    if program := shutil.which("dot"):
        commands.append([program, f"-T{kind}"])
    if importlib.util.find_spec("pygraphviz"):
        commands.append([sys.executable, "-P", "-c", PYGRAPHVIZ, kind])
    if not commands:
        raise ImportError(f"No picture, because there is no graphviz to draw it: {INSTALL}.")
    failures = []
    for command in commands:
        try:
            done = subprocess.run(
                command, input=source.encode(), capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            # The other would lay it out in the same way.
            raise RuntimeError(
                f"No picture, because graphviz had not laid it out after {seconds} s: print(Graph(...)) "
                "shows it as text, Graph(..., depth=1) draws less of it, and a page (.html) needs no "
                "graphviz."
            ) from None
        except OSError as error:
            failures.append(str(error))
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        said = done.stderr.decode(errors="replace").strip().splitlines()
        failures.append(said[-1] if said else f"exit status {done.returncode}")
    raise RuntimeError(f"No picture, because graphviz failed ({'; '.join(failures)}): {INSTALL}.")


def svg(graph: GraphData, seconds: float | None = None) -> str:
    """The picture as an `<svg>` element, to stand in a page or alone.

    Raises ImportError if there is no graphviz, RuntimeError if it fails or takes too long.
    """
    drawing = draw(dot(graph), "svg", seconds).decode()
    drawing = drawing[drawing.index("<svg") :]  # without the XML prolog: it names a DTD on the web
    drawing = re.sub(r"<title>.*?</title>\n?", "", drawing)  # graphviz's own names: n0, n1, ...
    about = html.escape(f"Computation graph of {printable(graph.nodes[-1].title)}")
    drawing = re.sub(r'<g id="node.*?</g>', _centered, drawing, flags=re.DOTALL)
    return drawing.replace("<svg", f'<svg role="img" aria-label="{about}"', 1)


def _centered(node: re.Match[str]) -> str:
    """A node with its lines in the middle: a browser's letters are wider than graphviz takes them for."""
    drawn = re.sub(r"<text[^>]*> </text>\n?", "", node[0])
    lines = Counter(map(float, re.findall(r'<text[^>]* y="([^"]*)"', drawn)))
    if not lines:
        return drawn
    outline = " ".join(re.findall(r' (?:d|points)="([^"]*)"', drawn))
    corners = re.findall(r"(-?[\d.]+),(-?[\d.]+)", outline)
    xs, ys = ([*map(float, numbers)] for numbers in zip(*corners, strict=True))
    # from the top of the title's capitals to below the last line's letters
    down = (min(ys) + max(ys) - (min(lines) - 9.5) - (max(lines) + 2.5)) / 2

    def placed(text: re.Match[str]) -> str:
        x, y = map(float, text.groups())
        anchor, x = ("middle", (min(xs) + max(xs)) / 2) if lines[y] == 1 else ("start", x)
        return f'text-anchor="{anchor}" x="{x:g}" y="{y + down:g}"'

    return re.sub(r'text-anchor="start" x="([^"]*)" y="([^"]*)"', placed, drawn)
