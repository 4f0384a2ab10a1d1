"""Lines that say how long each part of a composition took to fit, as scikit-learn prints them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def timed(owner: str, said: str | None) -> Iterator[None]:
    """Context that prints its duration: [Pipeline] ... (step 1 of 2) Processing scale, total=   0.0s

    said: what was done; None prints nothing.
    """
    start = time.perf_counter()
    yield
    if said is None:
        return
    seconds = time.perf_counter() - start
    took = f"{seconds / 60:4.1f}min" if seconds > 60 else f" {seconds:5.1f}s"
    begin, end = f"[{owner}] ", f" {said}, total={took}"
    print(f"{begin}{'.' * (70 - len(begin) - len(end))}{end}")
