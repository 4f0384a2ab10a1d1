"""For the files of single lessons, each of which says by `LESSON = numbered(n)` which it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tutorials.notebooks import read, with_checks


@pytest.fixture(scope="module")
def names(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The checks of the lesson, and what they need, as a reader has them when the exercises begin."""
    for library in getattr(request.module, "NEEDS", ()):
        pytest.importorskip(library)
    return with_checks(read(request.module.LESSON))


@pytest.fixture
def hint(names: dict[str, Any], capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """What check number n says to an answer."""

    def answer(n: int, *answers: Any) -> str:
        capsys.readouterr()
        names[f"check_{n}"](*answers)
        return capsys.readouterr().out.strip()

    return answer


@pytest.fixture
def hint_to_code(names: dict[str, Any], hint: Callable[..., str]) -> Callable[..., str]:
    """What check number n says to the thing of that name, once the code has run."""

    def answer(n: int, name: str, code: str) -> str:
        here = dict(names)
        exec(code, here)
        return hint(n, here[name])

    return answer
