"""The README is true: its Python runs from top to bottom, and prints what it says it prints."""

import contextlib
import io
import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


def test_every_block_runs_after_the_ones_before_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world: dict = {}
    for block in BLOCKS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, "README.md", "exec"), world)
        for promised in re.findall(r"^print\(.*?\)  +# (\[.*\])$", block, flags=re.MULTILINE):
            assert promised in printed.getvalue().splitlines()
    assert sorted(os.listdir(tmp_path)) == [
        "digits.keras", "digits.npz", "digits.safetensors",
        "graph.html", "kmeans.gif", "kmeans.html", "play.html", "steps",
    ]  # fmt: skip


def test_there_is_something_to_run():
    assert len(BLOCKS) >= 6 and TEXT.count("  # [0.6397") == 1


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)", TEXT))))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"^make (\w+)", TEXT, flags=re.MULTILINE)))
)
def test_the_commands_exist(command):
    assert re.search(rf"^{command}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_the_counts_of_the_table_are_those_of_the_table():
    """At least what the README says, and at most a tenth more."""
    from tinygrad_edu.explaining import table

    counted = re.search(
        r"(\d+) rows, (\d+) functions written.*?have (\d+) cases", table(), flags=re.DOTALL
    )
    told = re.search(
        r"table has over (\d+) rows and (\d+) functions written with them.*?bring\s+over (\d+) cases",
        TEXT,
        flags=re.DOTALL,
    )
    for least, n in zip(map(int, told.groups()), map(int, counted.groups()), strict=True):
        assert least <= n <= 1.1 * least
