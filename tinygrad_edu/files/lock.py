"""A folder that one process uses at a time."""

from __future__ import annotations

import os

HELD: dict[str, tuple[int, int]] = {}  # folder -> (process, file descriptor)


def lock(folder: str) -> bool:
    """Reserves a folder for this process until `unlock`, or until it ends. False if another process has it.

    A lock of the operating system (flock) on the folder itself, which leaves no file, and which a killed
    process cannot leave behind. Where there is no flock (Windows), every process gets the folder.
    """
    try:
        import fcntl
    except ImportError:
        return True
    folder = os.path.realpath(folder)
    if HELD.get(folder, (0, 0))[0] == os.getpid():
        return True
    file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    except OSError:  # a file system without locks
        os.close(file)
        return True
    HELD[folder] = os.getpid(), file
    return True


def unlock(folder: str) -> None:
    """Gives a folder back, if this process has it."""
    process, file = HELD.pop(os.path.realpath(folder), (0, 0))
    if process == os.getpid():
        os.close(file)
