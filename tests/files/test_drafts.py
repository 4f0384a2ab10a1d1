"""Files are written completely or not at all, and nothing of anybody else is touched."""

import os
import stat
import threading

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.data import BytePairTokenizer, CharTokenizer, write_characters
from tinygrad_edu.files import drafts, whole_file, whole_folder, write_text
from tinygrad_edu.viz import Graph

posix = pytest.mark.skipif(os.name != "posix", reason="links and permissions of POSIX")


def names(folder):
    return sorted(os.listdir(folder))


def test_a_file_appears_when_it_is_complete(tmp_path):
    with whole_file(tmp_path / "a.txt", encoding="utf-8") as file:
        file.write("half")
        file.flush()
        assert "a.txt" not in names(tmp_path) and len(names(tmp_path)) == 1
    assert (tmp_path / "a.txt").read_text() == "half" and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_after_an_error_the_old_file_is_unchanged(tmp_path, kind):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(kind), whole_file(tmp_path / "a.txt") as file:
        file.write("new")
        raise kind
    assert (tmp_path / "a.txt").read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_two_writers_do_not_meet(tmp_path):
    barrier = threading.Barrier(2)

    def write(word):
        with whole_file(tmp_path / "a.txt") as file:
            file.write(word)
            barrier.wait(10)

    writers = [threading.Thread(target=write, args=(word * 1000,)) for word in "xy"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (tmp_path / "a.txt").read_text() in ("x" * 1000, "y" * 1000)
    assert names(tmp_path) == ["a.txt"]


def test_names_of_drafts_cannot_be_guessed(tmp_path):
    made = {drafts.draft_of(tmp_path / "a") for _ in range(100)}
    assert len(made) == 100
    assert all(os.path.dirname(draft) == str(tmp_path) for draft in made)


@posix
def test_a_link_that_waits_under_the_name_is_not_followed(tmp_path, monkeypatch):
    """Somebody has guessed the name after all."""
    (tmp_path / "precious").write_text("mine")
    draft = tmp_path / ".a.draft"
    draft.symlink_to(tmp_path / "precious")
    monkeypatch.setattr(drafts, "draft_of", lambda path: str(draft))
    with pytest.raises(FileExistsError), whole_file(tmp_path / "a") as file:
        file.write("other")
    assert (tmp_path / "precious").read_text() == "mine"
    assert draft.is_symlink() and not (tmp_path / "a").exists()
    with pytest.raises(FileExistsError), whole_folder(tmp_path / "a"):
        pass
    assert draft.is_symlink()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_exists_under_the_name_is_not_ours_and_stays(tmp_path, monkeypatch, kind):
    draft = tmp_path / ".a.draft"
    if kind == "file":
        draft.write_text("mine")
    else:
        draft.mkdir()
        (draft / "thesis").write_text("mine")
    monkeypatch.setattr(drafts, "draft_of", lambda path: str(draft))
    for context in (whole_file, whole_folder):
        with pytest.raises(FileExistsError), context(tmp_path / "a"):
            pass
    assert (draft if kind == "file" else draft / "thesis").read_text() == "mine"


@posix
def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "usual").write_text("")
    (tmp_path / "folder").mkdir()
    write_text(tmp_path / "a", "")
    with whole_folder(tmp_path / "b"):
        pass
    for ours, usual in (("a", "usual"), ("b", "folder")):
        modes = [stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in (ours, usual)]
        assert modes[0] == modes[1]


def test_a_folder_appears_when_it_is_complete(tmp_path):
    with whole_folder(tmp_path / "deep" / "a") as draft:
        write_text(os.path.join(draft, "b"), "text")
        assert not (tmp_path / "deep" / "a").exists()
    assert names(tmp_path / "deep") == ["a"] and names(tmp_path / "deep" / "a") == ["b"]
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "other") as draft:
        write_text(os.path.join(draft, "b"), "text")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["deep"]


def test_a_folder_replaces_nothing_but_an_empty_one(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis").write_text("mine")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OSError, match=r"full'?$"), whole_folder(tmp_path / "full"):
        pass
    with whole_folder(tmp_path / "empty") as draft:
        write_text(os.path.join(draft, "b"), "text")
    assert names(tmp_path / "full") == ["thesis"] and names(tmp_path / "empty") == ["b"]
    assert names(tmp_path) == ["empty", "full"]


def test_errors_name_the_file_that_was_asked_for(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="draft") as draft, open(tmp_path / ".draft" / "b"):
        pass
    with pytest.raises(OSError) as error:
        write_text(tmp_path / "a", "text")
    assert "draft" in str(draft.value) and ".draft" not in str(error.value)
    assert str(tmp_path / "a") in str(error.value)


# ------------------------------------------------------------------------- who writes in this way


def test_drawing_characters_deletes_nothing(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("PIL")
    for name in ("chars.draft", ".chars.draft"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("mine")
    write_characters(tmp_path / "chars", per_class=1, characters="ab")
    for name in ("chars.draft", ".chars.draft"):
        assert (tmp_path / name / "thesis.txt").read_text() == "mine"
    assert names(tmp_path / "chars") == ["test", "test.csv", "train", "train.csv"]


SAVED = {
    "a.json": lambda path: CharTokenizer("abc").save(path),
    "b.json": lambda path: BytePairTokenizer.train("aaaa").save(path),
    "c.txt": lambda path: Graph(Tensor([1.0], requires_grad=True) * 2).save(path),
    "d.npz": lambda path: nn.Linear(2, 3, rng=0).save(path),
}


@pytest.mark.parametrize("name", SAVED)
def test_saving_is_atomic(tmp_path, monkeypatch, name):
    (tmp_path / name).write_text("old")

    def power_cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", power_cut)
        with pytest.raises(KeyboardInterrupt):
            SAVED[name](tmp_path / name)
    assert (tmp_path / name).read_text() == "old" and names(tmp_path) == [name]
    SAVED[name](tmp_path / name)
    assert (tmp_path / name).read_bytes() != b"old"
    np.testing.assert_equal(names(tmp_path), [name])
