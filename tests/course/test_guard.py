"""What a notebook must not read, change or start while it is graded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tinygrad_edu.course import source
from tinygrad_edu.course.grading import Cell, Run

SECRET = source.lesson(8).path


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    run = Run(source.Lesson(source.FOLDER, 0, [], {}), [Cell("", "", "")], 20, 4096, [])
    run._start()
    yield run
    run.close()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside.txt"
    path.write_text("as it was")
    return path


@pytest.mark.parametrize(
    "code",
    [
        f"import shutil; shutil.copyfile({str(SECRET)!r}, 'x')",
        f"import numpy as np; np.fromfile({str(SECRET)!r}, 'u1')",
        f"import zipfile; zipfile.ZipFile('x.zip', 'w').write({str(SECRET)!r})",
        f"import os; os.symlink({str(SECRET)!r}, 'x')",
        # what the hook relies on, replaced
        "import builtins, os, posixpath\n"
        "mine = {'isinstance': lambda *_: False, '_joinrealpath': lambda *_: ('/x', True),\n"
        "        '_get_sep': lambda _: '?', 'islink': lambda _: False}\n"
        "old = [(place, name, getattr(place, name)) for place in (builtins, posixpath)\n"
        "       for name in mine if hasattr(place, name)]\n"  # Python 3.13 has no _joinrealpath
        "for place, name, _ in old: setattr(place, name, mine[name])\n"
        f"try: os.open({str(SECRET)!r}, os.O_RDONLY)\n"
        "finally:\n    for place, name, kept in old: setattr(place, name, kept)",
        # the process of the tests
        "import os; os.open('/proc', os.O_RDONLY)",
        "import os; open(f'/proc/{os.getppid()}/cmdline')",
        "import os, resource; resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
        "import os; os.pidfd_open(os.getppid())",
        "import os; os.kill(os.getppid(), 0)",
        "import gc; gc.get_objects()",
        "import _posixsubprocess; _posixsubprocess.fork_exec()",
        "import multiprocessing; multiprocessing.get_context('fork').Process(target=print).start()",
        "for i in range(300):\n    with open(f'{i}', 'w'): pass",
    ],
)
def test_refused(code: str, run: Run) -> None:
    failed = run.peer.ask("run", code)
    assert failed is not None and failed[0] == "PermissionError", failed


@pytest.mark.parametrize(
    "code",
    [
        "open(path, 'w')",
        "open(path, 'a')",
        "os.remove(path)",
        "os.rename(path, 'mine')",
        "os.rename('mine', path)",
        "os.truncate(path, 0)",
        "os.chmod(path, 0)",
        "os.open(os.path.dirname(path), os.O_RDONLY)",
        "shutil.rmtree(os.path.dirname(path))",
    ],
)
def test_nothing_is_changed_outside_its_folder(code: str, run: Run, outside: Path) -> None:
    failed = run.peer.ask("run", f"import os, shutil\npath = {str(outside)!r}\n{code}")
    assert failed is not None and failed[0] == "PermissionError", failed
    assert outside.read_text() == "as it was"


def test_what_a_notebook_may_do(outside: Path) -> None:
    """Read files, and write, rename and remove its own."""
    code = f"""
import os, pathlib, shutil, subprocess, tempfile, threading
assert open({str(outside)!r}).read() == "as it was"
pathlib.Path("a").mkdir()
pathlib.Path("a/b").write_text("b")
os.rename("a/b", "a/c")
shutil.rmtree("a")
with tempfile.TemporaryDirectory() as folder: open(folder + "/x", "w").close()
open(os.devnull, "w").close()
thread = threading.Thread(target=print)
thread.start()
thread.join()
"""
    run = Run(source.Lesson(source.FOLDER, 0, [], {}), [Cell("", "", "")], 20, 4096, [])
    run._start()
    try:
        assert run.peer.ask("run", code) is None
    finally:
        run.close()
