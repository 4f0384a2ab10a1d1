"""Downloads, checked and cached: pooch fetches a file once, and its SHA-256 is verified before every use.

Because the checksum is taken each time, it does not matter where a file comes from: an earlier run, the
folder of another library, or a mirror.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

TIMEOUT = 30  # seconds to wait for the next bytes
FIRST_SECONDS, SECONDS_PER_MEGABYTE = 60, 20  # to wait for a file, at most: 50 kB per second


class DownloadError(OSError):
    """Raised when no source delivers a file with the published checksum."""


@dataclass(frozen=True)
class RemoteFile:
    """A published file."""

    name: str  # path below our cache folder and below ~/.keras/datasets
    sha256: str
    urls: tuple[str, ...]  # the source, then its mirrors
    torchvision: str = ""  # path of the same file below data/, the folder in torchvision's examples
    megabytes: int = 200  # it is smaller than that


def cache_folder() -> str:
    """The folder that keeps downloads: $TINYGRAD_EDU_DATA, or else ~/.cache/tinygrad_edu."""
    return os.environ.get("TINYGRAD_EDU_DATA") or os.path.expanduser("~/.cache/tinygrad_edu")


def fetch(file: RemoteFile) -> str:
    """The path of `file` on this machine, downloaded if it is not there yet.

    The cache folder is searched first, then the folders of Keras and torchvision. A file with the wrong
    checksum is replaced in our cache and ignored elsewhere. The cache only ever holds whole files.

    Raises DownloadError (an OSError) if no source delivers the file, and ImportError if a download is
    needed and pooch is not installed.
    """
    path = cached(file)
    if path:
        return path
    pooch = _import_pooch()
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    folder, name = os.path.split(os.path.join(cache_folder(), file.name))
    problems = []
    for url in file.urls:
        try:
            return pooch.retrieve(
                url, f"sha256:{file.sha256}", name, folder, downloader=_downloader(file.megabytes)
            )
        except (RequestException, HTTPError, ValueError) as error:  # ValueError: the wrong checksum
            problems.append(f"{url}: {error}")
    raise DownloadError(
        f"{file.name} could not be downloaded. {'; '.join(problems)}.\n  Try: again when this machine is "
        f"online, or save the file as {os.path.join(folder, name)} (load_digits() needs no network)"
    )


def _downloader(megabytes: int) -> Callable[[str, str, Any], None]:
    """A downloader for pooch that gives up on a server that sends too much, or too slowly."""

    def download(url: str, path: str, pooch: Any) -> None:
        import requests

        end = time.monotonic() + FIRST_SECONDS + megabytes * SECONDS_PER_MEGABYTE
        size = 0
        with requests.get(url, stream=True, timeout=TIMEOUT) as response, open(path, "wb") as file:
            response.raise_for_status()
            # read1() returns what has arrived. (read() would wait for all, and one byte in 20 seconds is
            # within the timeout.)
            read = getattr(response.raw, "read1", response.raw.read)
            with _progress_bar(response.headers.get("Content-Length")) as bar:
                while piece := read(1 << 16, decode_content=True):
                    size += file.write(piece)
                    if bar is not None:
                        bar.update(len(piece))
                    if size > megabytes * 1_000_000:
                        raise ValueError(
                            f"it sends more than {megabytes} MB, which the file has not"
                        )
                    if time.monotonic() > end:
                        raise ValueError(f"it is too slow: {size:,} bytes until the time was over")

    return download


def _progress_bar(size: str | None) -> Any:
    """Context with tqdm's bar on stderr; with None if tqdm is not installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        return nullcontext()
    return tqdm(total=int(size) if size and size.isdecimal() else None, unit="B", unit_scale=True)


def cached(file: RemoteFile) -> str | None:
    """The path of a copy with the right checksum that is already on this machine, or None."""
    keras = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    places = [os.path.join(cache_folder(), file.name), os.path.join(keras, "datasets", file.name)]
    if file.torchvision:
        places.append(os.path.join("data", file.torchvision))
    return next((p for p in places if os.path.isfile(p) and _sha256(p) == file.sha256), None)


def _sha256(path: str) -> str:
    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _import_pooch() -> Any:
    try:
        import pooch
    except ImportError:
        raise ImportError(
            "downloads need pooch, which is not installed.\n  Try: python -m pip install -e '.[download]' in "
            "the folder of this project"
        ) from None
    return pooch
