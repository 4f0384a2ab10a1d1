"""What a notebook may not do while it is graded: an audit hook.

A notebook may read files, but not the sources of the lessons. It may write a limited number of files, in its
own folder. Other processes and the network are refused.

The child process loads a copy of this module that has its own builtins and its own `os.path`, so that a
notebook that replaces `isinstance` or `os.path.realpath` does not change what the hook sees.

This is no sandbox. It runs in the process that it watches, as the user who grades: code that reaches into the
memory of the process (through `ctypes`, or the frames of a traceback) can disarm it. For notebooks of people
whom you do not trust, grade in a container or as another user.
"""

from __future__ import annotations

import os
import os.path as paths
import sys
from typing import Any

REFUSED = (
    "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "os.killpg",
    "os.link", "os.symlink", "os.startfile", "subprocess.", "pty.", "socket.", "ftplib.", "smtplib.",
    "urllib.", "winreg.", "ctypes.dlsym", "ctypes.call_function", "ctypes.string_at", "ctypes.cdata",
    "resource.", "gc.get_", "sqlite3.",
)  # fmt: skip
# Events whose arguments begin with a path that the call changes (os.rename: with two).
CHANGES = (
    "os.chflags", "os.chmod", "os.chown", "os.lockf", "os.mkdir", "os.remove", "os.rename", "os.removexattr",
    "os.rmdir", "os.setxattr", "os.truncate", "os.utime",
)  # fmt: skip
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FILES = 200  # that a notebook may open for writing


def watch(secret: frozenset[str], folder: str) -> None:
    """Refuses, from now on, what is listed above; `secret` are names of files, wherever they are."""
    refused, changes, writes, left = REFUSED, CHANGES, WRITES, FILES
    realpath, base, isdir, fspath = paths.realpath, paths.basename, paths.isdir, os.fspath
    mine = ("/proc/self/", f"/proc/{os.getpid()}/")
    home = realpath(folder)

    def plain(path: Any) -> str | None:
        """The path as a plain string; None for the number of an open file."""
        if isinstance(path, int):
            return None
        path = fspath(path)
        return bytes.decode(path) if isinstance(path, bytes) else str.__str__(path)

    def is_at_home(place: str) -> bool:
        return place == home or place.startswith(home + "/") or place == "/dev/null"

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event == "open":
            path = plain(arguments[0])
            if path is None:
                return
            place = realpath(path)
            elsewhere = place == "/proc" or (
                place.startswith("/proc/")
                and place.split("/")[2].isdecimal()
                and not (place + "/").startswith(mine)
            )
            if base(path) in secret or base(place) in secret or elsewhere:
                raise PermissionError(f"an assignment may not read {base(path)}")
            if is_at_home(place):
                left -= bool(arguments[2] & writes)
                if left < 0:
                    raise PermissionError("an assignment may not write so many files")
            elif arguments[2] & writes or isdir(place):
                raise PermissionError(f"an assignment may not open {path} to change it")
        elif event in changes:
            for changed in arguments[: 2 if event == "os.rename" else 1]:
                path = plain(changed)
                if path is not None and not is_at_home(realpath(path)):
                    raise PermissionError(f"an assignment may not change {path}")
        elif event.startswith(refused):
            raise PermissionError(f"an assignment may not use {event}")

    sys.addaudithook(hook)
