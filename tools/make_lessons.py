"""Makes the notebooks in tutorials/ from their sources in tinygrad_edu/course/lessons/.

    python tools/make_lessons.py            all of them, and the table in tutorials/README.md
    python tools/make_lessons.py 6 17       these

Each notebook runs from top to bottom in a fresh kernel, in an empty folder, and keeps what it shows.
"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = ROOT / "tutorials"
sys.path.insert(0, str(ROOT))

import check_notebooks  # noqa: E402

from tinygrad_edu.course import notebooks, source  # noqa: E402

# What TensorFlow says about the processor that it runs on. It is no part of a lesson.
TENSORFLOW = re.compile(r"(?:[IWE]\d{4} [^\n]*|WARNING: All log messages before absl[^\n]*)\n")

PICTURES = ("image/png", "image/svg+xml")


def execute(notebook, folder):
    """Runs every cell of a notebook, and keeps what it shows. A cell that raises stops it."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        # Seconds for the kernel to start, for a cell, and for its last output: no machine is so slow.
        startup_timeout=600,
        timeout=1800,
        iopub_timeout=600,
        record_timing=False,
    )
    client.execute(env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"})
    notebook.metadata.update(notebooks.METADATA)  # without the version of Python
    for cell in notebook.cells:
        if cell.cell_type == "code":
            silence_tensorflow(cell)
            describe(cell)
    return notebook


def silence_tensorflow(cell):
    for output in cell.outputs:
        if output.get("name") == "stderr":
            output.text = TENSORFLOW.sub("", output.text)
    cell.outputs = [output for output in cell.outputs if output.get("text") != ""]


def describe(cell):
    """Puts the alternative text of a cell's picture where Jupyter and nbconvert look for it."""
    text = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
    for output in cell.outputs:
        for kind in PICTURES:
            if text and kind in output.get("data", {}):
                output.metadata[kind] = {"alt": text}


def rendered(lesson):
    return nbformat.reads(notebooks.text_of(notebooks.tutorial(lesson)), as_version=4)


def make(path):
    lesson = source.read(path)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        notebook = execute(rendered(lesson), folder)
        left = sorted(os.listdir(folder))
    target = TUTORIALS / f"{path.stem}.ipynb"
    nbformat.write(notebook, target)
    size = target.stat().st_size / 1000
    seconds = time.perf_counter() - began
    print(
        f"{target.relative_to(ROOT)}  {len(notebook.cells)} cells  {seconds:.0f} s  {size:.0f} kB"
    )
    wrong = [f"leaves {', '.join(left)} in its folder"] if left else []
    return [f"{path.name} {sentence}" for sentence in [*wrong, *check_notebooks.faults(target)]]


def table():
    """The table of tutorials/README.md: a row for each lesson."""
    rows = [
        "| lesson | what you build | what you should know first | points |",
        "| :-- | :-- | :-- | --: |",
    ]
    for lesson in map(source.read, source.lessons()):
        link = f"[{lesson.number}. {lesson.title}]({lesson.path.stem}.ipynb)"
        rows.append(f"| {link} | {lesson.builds} | {lesson.needs} | {lesson.points} |")
    return "\n".join(rows)


def with_table(page):
    """The page with today's table in place of that between its two marks."""
    begin, end = (
        "<!-- The table is made by tools/make_lessons.py. -->\n",
        "\n<!-- End of the table. -->",
    )
    before, rest = page.split(begin)
    return before + begin + table() + end + rest.split(end)[1]


def main(numbers):
    paths = source.lessons()
    if numbers:
        paths = [path for path in paths if int(path.name[:2]) in numbers]
    wrong = [sentence for path in paths for sentence in make(path)]
    page = TUTORIALS / "README.md"
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]]))
