"""Downloads, checked and cached: pooch fetches a file once, and its SHA-256 is verified before every use.

Because the checksum is taken each time, it does not matter where a file comes from: an earlier run, the
folder of another library, or a mirror.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from typing import Any


class DownloadError(OSError):
    """Raised when no source delivers a file with the published checksum."""


@dataclass(frozen=True)
class RemoteFile:
    """A published file."""

    name: str  # path below our cache folder and below ~/.keras/datasets
    sha256: str
    urls: tuple[str, ...]  # the source, then its mirrors
    torchvision: str = ""  # path of the same file below data/, the folder in torchvision's examples


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

    folder, name = os.path.split(os.path.join(cache_folder(), file.name))
    download = pooch.HTTPDownloader(progressbar=importlib.util.find_spec("tqdm") is not None)
    problems = []
    for url in file.urls:
        try:
            return pooch.retrieve(url, f"sha256:{file.sha256}", name, folder, downloader=download)
        except (RequestException, ValueError) as error:  # ValueError: the wrong checksum
            problems.append(f"{url}: {error}")
    raise DownloadError(
        f"{file.name} could not be downloaded. {'; '.join(problems)}.\n  Try: again when this machine is "
        f"online, or save the file as {os.path.join(folder, name)} (load_digits() needs no network)"
    )


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
