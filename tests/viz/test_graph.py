"""The Graph of a Tensor: what it refuses, how it shows itself, and the files that it writes."""

import pytest

from tests.viz.small_graphs import tanh_of_line
from tinygrad_edu import viz


def test_only_tensors_have_a_graph():
    with pytest.raises(TypeError, match=r"0\.5 is of type float(.|\n)*before \.item\(\)"):
        viz.Graph(0.5)


def test_repr_is_short():
    assert repr(viz.Graph(tanh_of_line())) == (
        "<graph of tanh: 3 operations, 3 leaves; print it, or .save('graph.html')>"
    )


@pytest.mark.usefixtures("need_graphviz")
@pytest.mark.parametrize(
    ("ending", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_save_a_picture(loss, tmp_path, ending, start):
    viz.Graph(loss).save(tmp_path / f"loss{ending}")
    assert (tmp_path / f"loss{ending}").read_bytes().startswith(start)


def test_save_without_a_picture(loss, tmp_path):
    graph = viz.Graph(loss)
    graph.save(str(tmp_path / "loss.DOT"))
    graph.save(tmp_path / "loss.txt")
    assert (tmp_path / "loss.DOT").read_text(encoding="utf-8") == graph.dot
    assert (tmp_path / "loss.txt").read_text(encoding="utf-8") == graph.text() + "\n"


def test_save_refuses_other_endings(loss, tmp_path):
    with pytest.raises(ValueError, match=r"loss\.jpg(.|\n)*\.html, \.svg, \.png, \.pdf, \.dot"):
        viz.Graph(loss).save(tmp_path / "loss.jpg")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_renderer")
def test_without_graphviz_there_is_text_and_one_line(loss, tmp_path):
    graph = viz.Graph(loss)
    with pytest.raises(
        ImportError, match=r"install the program dot \(apt install graphviz"
    ) as missing:
        graph.save(tmp_path / "loss.svg")
    assert not list(tmp_path.iterdir())
    hint = str(missing.value)
    assert "\n" not in hint
    assert "apt install graphviz" in hint
    assert graph._repr_mimebundle_() == {"text/plain": f"{graph.text()}\n\n{hint}"}


@pytest.mark.usefixtures("need_graphviz")
def test_a_notebook_gets_the_picture_and_the_text(loss):
    graph = viz.Graph(loss)
    assert graph._repr_mimebundle_() == {
        "text/plain": graph.text(),
        "image/svg+xml": graph.svg(),
    }


def test_a_page_needs_no_graphviz(loss, tmp_path, no_renderer):
    graph = viz.Graph(loss)
    graph.save(tmp_path / "loss.html")
    assert (tmp_path / "loss.html").read_text(encoding="utf-8") == graph.html()
    assert graph.mermaid() and graph.json() and graph.dot
