#!/usr/bin/env python3
"""Set Moorage up in this folder and run it: `python3 start.py up`, `python3 start.py test`.

Needs Python 3.11 to 3.13 and pip, nothing else. The package manager uv is taken from the PATH, or installed by pip
into `.uv/` beside this file; it makes `.venv/` from the versions in uv.lock. `test` runs the test suite with the
arguments that follow, from this folder; everything else is a command of `moorage`.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    if not (3, 11) <= sys.version_info < (3, 14):
        sys.exit(f"Moorage needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}")
    if ssl.get_default_verify_paths().cafile:  # behind a company's proxy uv trusts what pip trusts: the system's
        os.environ.setdefault("UV_SYSTEM_CERTS", "true")
    uv = shutil.which("uv") or local_uv()
    arguments = sys.argv[1:] or ["--help"]
    run = [uv, "run", "--frozen", "--python", sys.executable, "--project", str(ROOT)]
    if arguments[0] == "test":
        os.chdir(ROOT)
        several = ["--numprocesses=3", "--dist=loadfile"]  # most tests wait for processes and disks
        os.execv(uv, [*run, "--", "pytest", *several, *arguments[1:]])
    # What only development needs stays out, and what is there of it stays.
    os.execv(uv, [*run, "--no-dev", "--", "moorage", *arguments])


def local_uv() -> str:
    """Return uv inside this folder, installing it first; `--target` also works where the system's Python is managed."""
    target = ROOT / ".uv"
    uv = target / "bin" / "uv"
    if not uv.exists():
        print("Installing uv into .uv/ ...", file=sys.stderr)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", str(target), "uv>=0.9"], check=True)
    return str(uv)


if __name__ == "__main__":
    main()
