"""Files from the net: fetched once, checked always.

A file counts only if its SHA-256 is the published one, and the sum is taken every time before the file is
opened. So it does not matter who brought the file: an earlier run, another program (Keras keeps the same
ones), or a mirror. What has arrived of an unfinished download waits in a `.part` file; the next attempt
asks the server for the rest of it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

PIECE = 1 << 20  # bytes read at a time
PATIENCE = 30.0  # seconds without a byte, after which a connection counts as dead
ATTEMPTS = 3  # connections to one server, each going on where the last was cut


class DownloadError(OSError):
    """A file could not be had: nobody answers, it is not there, or what came is not what was published."""


@dataclass(frozen=True)
class RemoteFile:
    """A published file: what to call it here, what its bytes add up to, and who gives it away."""

    name: str  # in our cache; may have folders, as in "fashion-mnist/train-images-idx3-ubyte.gz"
    sha256: str
    urls: tuple[str, ...]  # the source first, then its mirrors
    keras: tuple[str, ...] = ()  # what Keras calls the same file, under ~/.keras/datasets


def cache_folder() -> str:
    """Where downloads are kept: $TINYGRAD_EDU_DATA, or else ~/.cache/tinygrad_edu."""
    chosen = os.environ.get("TINYGRAD_EDU_DATA")
    return chosen or os.path.join(os.path.expanduser("~"), ".cache", "tinygrad_edu")


def fetch(file: RemoteFile) -> str:
    """The path of `file` on this machine, after downloading it if need be.

    Looked for in our cache and in Keras's; a file with the wrong checksum is left alone in Keras's and
    replaced in ours. Two processes that want the same file at once download it once.

    Raises DownloadError (an OSError) if no source gives the file.
    """
    path = cached(file)
    if path:
        return path
    path = os.path.join(cache_folder(), *file.name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with _alone(path + ".lock"):
        found = cached(file)  # somebody else may have fetched it while we waited
        if not found:
            _download(file, path)
        return found or path


def cached(file: RemoteFile) -> str | None:
    """Where on this machine the file is already, with the right checksum."""
    keras = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    places = [os.path.join(cache_folder(), *file.name.split("/"))]
    places += [os.path.join(keras, "datasets", *name.split("/")) for name in file.keras]
    return next((p for p in places if os.path.isfile(p) and sha256_of(p) == file.sha256), None)


def sha256_of(path: str) -> str:
    import hashlib

    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _download(file: RemoteFile, path: str) -> None:
    """Brings `file` to `path`, whole and checked, or raises and leaves nothing there that is not."""
    part, troubles = path + ".part", []
    for url in file.urls:
        for _ in range(ATTEMPTS):
            resumed = _size(part)
            trouble = _transfer(url, part, file.name)
            if trouble is None and sha256_of(part) == file.sha256:
                os.replace(part, path)  # at once: nobody ever sees half a file under this name
                return
            if trouble is None:
                # Bytes that are wrong once will be wrong again, unless the first of them are left
                # from something else: that is worth another go from the start.
                os.remove(part)
                trouble = (
                    "what came has another SHA-256 than the one published, and was thrown away"
                )
                if not resumed:
                    break
            elif _size(part) == resumed:
                break  # not a byte further: the next server, please
        troubles.append(f"{url}: {trouble}")
    raise DownloadError(
        f"{file.name} could not be downloaded. "
        + "; ".join(troubles)
        + f".\n  Try: again when this machine "
        f"is online, or bring the file here by hand, as {path} (load_digits() needs no network)"
    )


def _transfer(url: str, part: str, name: str) -> str | None:
    """Adds to `part` what it lacks of the file at `url`. Returns the trouble if that went wrong."""
    import http.client
    import urllib.error
    import urllib.request

    have = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "tinygrad_edu"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            # 206 is the rest that was asked for; a server that knows no ranges sends 200 and everything.
            goes_on = answer.status == 206
            length = answer.headers.get("Content-Length")
            whole = None if length is None else int(length) + have * goes_on
            with open(part, "ab" if goes_on else "wb") as file:
                while piece := answer.read(PIECE):
                    file.write(piece)
                    _show(name, file.tell(), whole)
            if whole is not None and _size(part) < whole:
                return f"the connection was cut after {_size(part):,} of {whole:,} bytes"
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:
            return None  # nothing comes after what is here: then it is whole, or wrong
        return f"the server answers {error.code} {error.reason}"
    except (
        urllib.error.URLError,
        ConnectionError,
        TimeoutError,
        http.client.HTTPException,
    ) as error:
        # and not every OSError: a full disk is no trouble of the connection
        reason = getattr(error, "reason", error)
        return f"no connection ({str(reason) or type(error).__name__})"
    return None


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0


def _show(name: str, have: int, whole: int | None) -> None:
    """A line that counts, where somebody is looking."""
    if sys.stderr.isatty():
        of = f" of {whole / 1e6:.1f}" if whole else ""
        end = "\n" if have == whole else ""
        print(f"\r{name}: {have / 1e6:.1f}{of} MB", end=end, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _alone(path: str) -> Iterator[None]:
    """Only one process at a time gets past here. The system frees the lock of a process that dies."""
    with open(path, "a+b") as lock:
        while not _locked(lock.fileno()):
            time.sleep(0.1)
        yield  # closing the file unlocks it


if sys.platform == "win32":

    def _locked(descriptor: int) -> bool:
        import msvcrt

        with contextlib.suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            return True
        return False

else:

    def _locked(descriptor: int) -> bool:
        import fcntl

        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False
