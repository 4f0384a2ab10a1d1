"""The demo: what it prints and what is on its page."""

import dataclasses
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import demo as demo_module
from tinygrad_edu import nn
from tinygrad_edu.__main__ import main
from tinygrad_edu.data import load_digits, train_validation_test_split
from tinygrad_edu.nn.summary import summary_table
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import Trainer, accuracy

ROOT = Path(__file__).parent.parent


class Page(HTMLParser):
    """What a page says, and what it would load."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.loads, self.open = [], [], []
        self.labels, self.words = [], {}
        self.feed(html)
        assert not self.open

    void = {"meta", "link", "br", "img", "hr", "input"}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag not in self.void:
            self.open.append(tag)
        self.labels.append((tag, attributes.get("aria-label")))
        for name, value in attributes.items():
            if name in ("src", "href", "xlink:href", "srcset", "data", "poster", "action"):
                self.loads.append(value)
            assert not name.startswith("on")
            self.loads += re.findall(r"url\((.*?)\)", value or "")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.words[tag] = self.words.get(tag, "") + data


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo as users run it, through a pipe: (what it printed, the page)."""
    pytest.importorskip("matplotlib")
    path = tmp_path_factory.mktemp("demo") / "page.html"
    done = run("demo", "--out", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, path.read_text(encoding="utf-8")


def run(*words, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "tinygrad_edu", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


@pytest.fixture(scope="module")
def again():
    """The same training, written out here: the trainer and its test set."""
    digits = load_digits()
    x = digits.x.reshape(-1, 64) / 16
    x_train, x_val, x_test, y_train, y_val, y_test = train_validation_test_split(
        x, digits.y, validation=0.1, test=0.2, seed=0
    )
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(64, 64, rng=rng), nn.ReLU(), nn.Linear(64, 10, rng=rng))
    trainer = Trainer(model, nn.cross_entropy, Adam(model.parameters(), lr=0.005),
                      metrics=[accuracy])  # fmt: skip
    trainer.fit(x_train, y_train, epochs=30, batch_size=32, seed=0, progress=False,
                validation=(x_val, y_val))  # fmt: skip
    return trainer, x_test, y_test


def correct_of(text):
    return tuple(map(int, re.search(r"(\d+) of (\d+) correct", text).groups()))


def test_it_reads_at_least_97_percent(demo):
    printed, _ = demo
    correct, total = correct_of(printed)
    assert total == 359
    assert correct / total >= 0.97
    assert f"correct: {100 * correct / total:.1f} %" in printed


def test_it_prints_the_summary_and_one_line_per_epoch(demo):
    printed, _ = demo
    assert "Linear(64, 64)" in printed
    assert "4,810 parameters" in printed
    lines = [line for line in printed.splitlines() if line.startswith("epoch")]
    assert [re.match(r"epoch +(\d+)/30 ", line)[1] for line in lines] == [
        str(i) for i in range(1, 31)
    ]
    assert "\r" not in printed


def test_its_accuracy_is_what_evaluate_says(demo, again):
    trainer, x, y = again
    correct, total = correct_of(demo[0])
    assert correct == round(trainer.evaluate(x, y)["accuracy"] * total)


def test_page_loads_nothing(demo):
    page = Page(demo[1])
    assert [place for place in page.loads if not place.startswith("#")] == []
    assert not {"script", "iframe", "link", "object", "embed", "base"} & set(page.tags)
    assert "@import" not in demo[1]
    assert "metadata" not in page.tags  # where matplotlib links to itself


def test_page_has_the_numbers(demo, again):
    printed, html = demo
    correct, total = correct_of(printed)
    body = Page(html).words["main"]
    assert f"{correct} of {total} test images" in body
    assert f"{correct / total:.1%}".replace("%", " %") in body
    assert "1,258 images, 30 epochs" in body
    (_, *rows), last = summary_table(again[0].model, (64,))
    assert last in body and all(cell in body for row in rows for cell in row)


def test_page_shows_each_mistake_once_and_counts_it_in_the_matrix(demo, again):
    trainer, x, y = again
    predicted = trainer.predict(x).argmax(axis=1)
    html = demo[1]
    expected = sorted(zip(y[predicted != y], predicted[predicted != y], strict=True))
    shown = re.findall(r"is (\d), said <b>(\d)</b><br><span>([\d.]+) % sure", html)
    assert sorted((int(a), int(b)) for a, b, _ in shown) == expected
    assert [float(c) for *_, c in shown] == sorted((float(c) for *_, c in shown), reverse=True)
    labels = [label for tag, label in Page(html).labels if label and "took for" in label]
    assert len(labels) == len(expected)

    matrix = html[html.index('class="confusion"') :]
    matrix = matrix[: matrix.index("</svg>")]
    written = re.findall(r"<text[^>]*text-anchor: middle[^>]*>(\d+)</text>", matrix)
    table = np.zeros((10, 10), int)
    np.add.at(table, (y, predicted), 1)
    # the counts, and the ten classes below them
    assert sorted(map(int, written)) == sorted([*table[table > 0].tolist(), *range(10)])
    assert f"{len(expected)} beside it" in matrix
    i, j = np.unravel_index((table - np.diag(np.diag(table))).argmax(), table.shape)
    assert f"the commonest is {i} taken for {j}, " in html
    assert table.sum() - np.trace(table) == len(expected)


def test_page_has_curves_and_graph_with_words_for_those_who_do_not_see(demo, again):
    trainer, *_ = again
    pictures = [label for tag, label in Page(demo[1]).labels if tag == "svg"]
    assert all(pictures)
    first, last = trainer.history["loss"][0], trainer.history["loss"][-1]
    assert any(f"Curve of the loss over 30 epochs: training from {first:.3f} to {last:.3f}" in p
               for p in pictures)  # fmt: skip
    assert "Computation graph of cross_entropy" in pictures
    text = Page(demo[1]).words["details"]
    assert "#1 matmul(images, W)" in text
    assert "0: Linear(64, 64)" in text


def test_page_escapes_what_it_is_given(again, tmp_path):
    pytest.importorskip("matplotlib")
    from tinygrad_edu.viz.report_page import write_page

    trainer, x, y = again
    path = tmp_path / "page.html"
    write_page(path, trainer, x, y, trained=1, seconds=0.0, title="<script>alert(1)</script> $x")
    html = path.read_text(encoding="utf-8")
    assert "script" not in Page(html).tags
    assert Page(html).words["h1"] == "<script>alert(1)</script> $x"


def test_without_graphviz_the_page_has_the_text_and_a_hint(again, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from tinygrad_edu.viz.report_page import write_page

    trainer, x, y = again
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    hint = write_page(tmp_path / "page.html", trainer, x, y, trained=1, seconds=0.0)
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert hint.startswith("No picture, because there is no graphviz")
    assert hint in " ".join(page.words.values())
    assert "#1 matmul(images, W)" in page.words["details"]
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (
        "<details open>" in text and "Read the picture" not in text and 'ul class="key"' not in text
    )


def test_without_matplotlib_it_trains_and_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    path = tmp_path / "page.html"
    assert main(["demo", "--epochs", "1", "--out", str(path)]) == 0
    *_, tested, hint = capsys.readouterr().out.splitlines()
    assert "of 359 correct" in tested
    assert hint.endswith(
        "Pictures need matplotlib, which is not installed: python -m pip install -e '.[viz]' in the folder "
        "of this project"
    )
    assert not path.exists()


def test_no_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--epochs", "1", "--no-page"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("%")
    assert not list(tmp_path.iterdir())


def test_training_alone_loads_no_picture_library():
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from tinygrad_edu.__main__ import main; "
         "main(['demo', '--epochs', '1', '--no-page']); print(*sys.modules)"],
        capture_output=True, text=True, encoding="utf-8", check=True, cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    loaded = done.stdout.splitlines()[-1].split()
    assert "numpy" in loaded
    assert not {"matplotlib", "pygraphviz", "tinygrad_edu.viz"} & set(loaded)


def test_a_page_that_cannot_be_written(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert main(["demo", "--epochs", "1", "--out", str(tmp_path / "nowhere" / "page.html")]) == 1
    assert "could not be written" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["dance"], ["demo", "--epochs", "-1"], ["demo", "--seed", "x"]])
def test_wrong_words_are_refused(words, capsys):
    with pytest.raises(SystemExit) as refused:
        main(words)
    assert refused.value.code == 2
    assert "usage: tinygrad-edu" in capsys.readouterr().err


def test_the_command_line_says_what_it_takes(capsys):
    assert main([]) == 2
    assert "usage:" in capsys.readouterr().out
    for wrong in (["demo", "--epochs", "0"], ["demo", "--epoch", "2"], ["dmo"]):
        with pytest.raises(SystemExit):
            main(wrong)
    assert "'0' is not a whole number of at least 1" in capsys.readouterr().err
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    assert done.value.code == 0 and capsys.readouterr().out.startswith("tinygrad_edu 0.")


def test_ctrl_c_and_a_reader_who_has_gone(monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tinygrad_edu.demo.run", stop)
    assert main(["demo"]) == 130
    assert capsys.readouterr().err == "\nStopped.\n"
    done = subprocess.run(
        f"{sys.executable} -m tinygrad_edu demo --epochs 2 --no-page | head -1",
        shell=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""


def test_an_error_in_the_demo_points_into_the_demo(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.demo.Adam", lambda p, lr: Adam(p, lrr=lr))
    with pytest.raises(TypeError, match="Adam has no argument 'lrr'"):
        demo_module.run(None)
    monkeypatch.setattr("tinygrad_edu.demo.Adam", Adam)
    monkeypatch.setattr("tinygrad_edu.demo.load_digits", lambda: wrong_digits())
    with pytest.raises(ValueError, match=r"at demo\.py:\d+"):
        demo_module.run(None)


def wrong_digits():
    digits = load_digits()
    return dataclasses.replace(digits, y=digits.y + 5)


def test_many_mistakes_are_not_all_drawn(again, tmp_path):
    trainer, x, y = again
    from tinygrad_edu.viz.report_page import write_page

    write_page(tmp_path / "page.html", trainer, x, (y + 1) % 10, trained=1, seconds=0.0)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("Image of ") == 60 and "the first 60 of the test images" in text
