#!/usr/bin/env python3
"""Set Moorage up in this folder and run it: `python3 start.py up`, `python3 start.py test`, `python3 start.py COMMAND`.

Needs Python 3.11 or newer and pip, nothing else. The package manager uv is taken from the PATH, or installed by pip into
`.uv/` beside this file; it makes `.venv/` from the versions in uv.lock. `test` runs the test suite with the arguments that follow;
everything else is a command of `moorage`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> int:
    if sys.version_info < (3, 11):
        print("Moorage needs Python 3.11 or newer; this is " + sys.version.split()[0], file=sys.stderr)
        return 2
    uv = shutil.which("uv") or str(local_uv())
    arguments = sys.argv[1:] or ["--help"]
    program = ["pytest", *arguments[1:]] if arguments[0] == "test" else ["moorage", *arguments]
    command = [uv, "run", "--frozen", "--python", sys.executable, "--project", str(ROOT), "--", *program]
    if arguments[0] == "test":
        os.chdir(ROOT)
    os.execv(uv, command)


def local_uv() -> Path:
    """Return uv inside this folder, installing it first; `--target` also works where the system's Python is managed."""
    target = ROOT / ".uv"
    uv = target / "bin" / "uv"
    if not uv.exists():
        print("Installing uv into .uv/ ...", file=sys.stderr)
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
            target,
            "uv>=0.9",
        ]
        subprocess.run(install, check=True)
    return uv


if __name__ == "__main__":
    raise SystemExit(main())
