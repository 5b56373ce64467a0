"""Opening a file of a stranger's folder: never through a link, never waiting, never more than a bound."""

from __future__ import annotations

import errno
import os
import stat

from moorage.codebase.scanning.models import LeftOut

# O_NONBLOCK: opening a pipe for reading returns at once, whoever holds the other end.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY

_REASONS = {
    errno.ENOENT: LeftOut.GONE,
    errno.ENOTDIR: LeftOut.GONE,
    errno.ELOOP: LeftOut.NOT_REGULAR,  # a link, which O_NOFOLLOW refuses
    errno.ENXIO: LeftOut.NOT_REGULAR,  # a socket, or a device that is not there
}


def read_regular(path: str | os.PathLike[str], max_bytes: int) -> bytes | LeftOut:
    """Return the whole content of a regular file of at most `max_bytes`, or why there is none."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        return _REASONS.get(error.errno or 0, LeftOut.UNREADABLE)
    try:
        return _read(descriptor, max_bytes)
    except OSError:  # a bad disk, a stale network share
        return LeftOut.UNREADABLE
    finally:
        os.close(descriptor)


def _read(descriptor: int, max_bytes: int) -> bytes | LeftOut:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return LeftOut.NOT_REGULAR
    if status.st_size > max_bytes:
        return LeftOut.TOO_LARGE
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        content = file.read(max_bytes + 1)  # it may have grown since
    return content if len(content) <= max_bytes else LeftOut.TOO_LARGE
