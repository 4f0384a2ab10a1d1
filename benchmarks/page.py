"""Turns results/latest.json into the page "Speed" of the site, its pictures, and the table of the README.

    python benchmarks/page.py

`make bench` calls it after each full run. A test compares both texts with the file.
"""

import io
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import peers  # noqa: E402
import works  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- speed: written by `make bench` -->", "<!-- /speed -->"
# Of the README's table: peers, and the best of several.
COLUMNS = {
    "eager": ("eager",), "compiled": ("compiled",), "NumPy by hand": ("hand",),
    "PyTorch": ("torch", "fused"), "torch.compile": ("torch-compiled",), "Keras": ("keras",),
    "JAX": ("jax",), "MyGrad": ("mygrad",), "autograd": ("autograd",), "DeZero": ("dezero",),
}  # fmt: skip
# From Okabe and Ito, for color-blind people too; each can be read on light paper and on dark.
COLORS = {
    "eager": "#3b82c4", "compiled": "#1d4f86", "hand": "#7f7f7f", "torch": "#e07b39", "keras": "#c0504d",
    "jax": "#4f9d69",
}  # fmt: skip
INK, PAPER = "#24292f", "#ffffff"


def title(key):
    return works.JOB if key == "job" else works.WORKS[key].title


def time_of(seconds):
    """Three digits, with their unit."""
    unit, size = next(
        (u, s) for u, s in (("s", 1), ("ms", 1e-3), ("µs", 0)) if seconds >= 0.9995 * s
    )
    number = seconds / (size or 1e-6)
    return f"{number:#.3g}".rstrip(".") + f" {unit}"


def fastest(result, names):
    """The least time of some peers, or None."""
    found = [result["seconds"][name]["best"] for name in names if name in result["seconds"]]
    return min(found, default=None)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join([*lines, *["| " + " | ".join(row) + " |" for row in rows]])


def times(run):
    """The table of best times: a row for each work, a column for each library; the least of a row is bold."""
    rows = []
    for key, result in run["works"].items():
        found = [fastest(result, names) for names in COLUMNS.values()]
        least = min(t for t in found if t is not None)
        cells = [
            "–" if t is None else f"**{time_of(t)}**" if t == least else time_of(t) for t in found
        ]
        rows.append([title(key), *cells])
    return table(["best of many rounds", *COLUMNS], rows)


def ratios(run):
    """Our time divided by that of each other library."""
    ours, rows = ("eager", "compiled"), []
    others = {name: names for name, names in COLUMNS.items() if name not in ours}
    for key, result in run["works"].items():
        for mine in ours:
            t = fastest(result, [mine])
            if t is None:
                continue
            beside = [fastest(result, names) for names in others.values()]
            cells = ["–" if b is None else f"{t / b:.2f}" for b in beside]
            rows.append([title(key) if mine == "eager" else "", mine, *cells])
    return table(["work", "ours", *others], rows)


def medians(run):
    """The middle round beside the best: how calm the machine was."""
    rows = []
    for key, result in run["works"].items():
        for name, of in result["seconds"].items():
            first = name == next(iter(result["seconds"]))
            numbers = [time_of(of["best"]), time_of(of["median"]), str(of["rounds"])]
            rows.append([title(key) if first else "", peers.PEERS[name].title, *numbers])
    return table(["work", "library", "best", "median", "rounds"], rows)


def memory(run):
    rows = []
    for key, result in run["works"].items():
        found = [
            min([result["peak"][n] for n in names if n in result["peak"]], default=None)
            for names in COLUMNS.values()
        ]
        rows.append([title(key), *["–" if mb is None else f"{mb:.0f}" for mb in found]])
    return table(["peak MiB of a process", *COLUMNS], rows)


def left_out(run):
    """Who has no number, and why, except where a work is not written."""
    found = {}
    for key, result in run["works"].items():
        for name, why in result["out"].items():
            if "not written" not in why and "nothing to replay" not in why:
                found.setdefault((name, why), []).append(title(key))
    every = len(run["works"])
    lines = [
        f"- {peers.PEERS[name].title}: {why}" + ("" if len(of) == every else f" ({'; '.join(of)})")
        for (name, why), of in found.items()
    ]
    return "\n".join(lines)


def setting(run):
    """Where and with what the run was made, as a sentence."""
    m = run["machine"]
    named = {
        "torch": "PyTorch",
        "numpy": "NumPy",
        "keras": "Keras",
        "tensorflow": "TensorFlow",
        "jax": "JAX",
    }
    named |= {"mygrad": "MyGrad", "dezero": "DeZero"}
    libraries = ", ".join(f"{named.get(name, name)} {v}" for name, v in run["versions"].items())
    vectors = "with AVX-512" if m["avx512"] else "without AVX-512"
    threads = f"{m['blas_threads']} thread" + ("" if m["blas_threads"] == 1 else "s")
    quick = " This was a quick run: few libraries and rounds." if run["quick"] else ""
    return (
        f"{run['date']}, {m['cores']} cores of {m['processor']} {vectors}; {m['blas']} with {threads}, "
        f"`OPENBLAS_CORETYPE` {m['coretype']}; Python {m['python']}, {libraries}; float32.{quick}"
    )


def readme_part(run):
    about = "Time of a training step by width, batch, depth and length, for several libraries"
    return f"{BEGIN}\n{times(run)}\n\n{setting(run)}\n\n![{about}](docs/speed.svg)\n{END}"


def readme(text, run):
    """The text of the README with the table of this run. Raises ValueError without its two comments."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no part between {BEGIN} and {END}: put them back")
    return before + readme_part(run) + after


def page(run):
    """The page of the site, in Markdown."""
    curves = "\n\n".join(
        f"![Time of a training step by {c['axis']}: {c['title']}](speed-{key}.svg)"
        for key, c in run["curves"].items()
    )
    missing = left_out(run)
    missing = f"\n## Left out\n\n{missing}\n" if missing else ""
    accuracies = run["works"]["job"]["accuracy"].values()
    return f"""# Speed

```{{index}} ! speed, ! benchmark, ! performance, ! memory
```

`make bench` runs the same works in every library that is installed, in turn, in one process. A library
whose first steps give other losses or gradients than ours is left out: a timing of different work is no
comparison. A step of a network is forward, backward and Adam. "By hand" is NumPy without automatic
differentiation, with derivatives on paper and buffers that are kept: what a framework on NumPy can reach. For
PyTorch the faster of Adam and fused Adam counts.

{setting(run)}

{times(run)}

## Time against size

The lower the line, the faster. Both axes are logarithmic: a step that takes twice as long for twice the size
has slope 1, and a flat part is the cost of the calls themselves.

{curves}

## Ours divided by theirs

Below 1 we are faster.

{ratios(run)}

## Memory

The most that a process with one library has taken after a few steps of one work, with Python and the
library itself.

{memory(run)}

## A cold process

The last work of the tables is the whole job of a learner: import, load the digits, train, and test. The
accuracies are between {min(accuracies):.3f} and {max(accuracies):.3f}.

## Best and median

Timings on shared machines vary. The best round is the least disturbed one; a median far above it says that
the machine was busy.

{medians(run)}
{missing}
"""


def picture(curves):
    """Curves side by side, two in a row, as SVG. Text stays text; the paper is white on dark pages too."""
    import matplotlib
    from matplotlib.figure import Figure

    inked = "text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"
    ink = dict.fromkeys(inked, INK)
    look = {"svg.fonttype": "none", "svg.hashsalt": "tinygrad_edu", "font.size": 10, **ink}
    with matplotlib.rc_context(look):
        wide = min(2, len(curves))
        high = -(-len(curves) // 2)
        figure = Figure(
            figsize=(4.6 * wide + 0.4, 3.6 * high + 0.3), layout="constrained", facecolor=PAPER
        )
        axes = figure.subplots(high, wide, squeeze=False).ravel()
        for ax, curve in zip(axes, curves, strict=True):
            draw(ax, curve)
        handles, labels = max(
            (ax.get_legend_handles_labels() for ax in axes), key=lambda pair: len(pair[1])
        )
        figure.legend(handles, labels, loc="outside lower center", ncols=wide + 1, frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    drawing = file.getvalue()
    return re.sub(r"[ \t]+$", "", drawing[drawing.index("<svg") :], flags=re.MULTILINE)


def draw(ax, curve):
    for name, best in curve["best"].items():
        points = [(n, 1e3 * t) for n, t in zip(curve["sizes"], best, strict=True) if t is not None]
        ours = name in ("eager", "compiled")
        ax.loglog(
            *zip(*points, strict=True), ".-" if name != "compiled" else ".--",
            color=COLORS[name], linewidth=2 if ours else 1.3, label=peers.PEERS[name].title,
        )  # fmt: skip
    ax.set_title(curve["title"], fontsize=10.5, fontweight="bold")
    ax.set(xlabel=curve["axis"], ylabel="ms a step")
    ax.set_xticks(curve["sizes"], [f"{n:,}" for n in curve["sizes"]])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda t, _: f"{t:g}")
    ax.grid(True, color="#d8dee4", linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)


def write(run):
    """Writes the page, the pictures and the README's table."""
    text = README.read_text(encoding="utf-8")
    text = readme(text, run)  # raises before anything is written
    pictures = {f"speed-{key}.svg": picture([curve]) for key, curve in run["curves"].items()}
    pictures["speed.svg"] = picture(list(run["curves"].values()))
    for name, drawing in pictures.items():
        (ROOT / "docs" / name).write_text(drawing, encoding="utf-8")
    PAGE.write_text(page(run), encoding="utf-8")
    README.write_text(text, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}, {len(pictures)} pictures and the table of README.md written")


def latest():
    return json.loads(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    write(latest())
