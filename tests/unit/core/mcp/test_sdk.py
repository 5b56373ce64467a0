"""The protocol library, settled to our needs."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from tests.support.processes import REPOSITORY


def test_the_librarys_own_log_handler_is_gone() -> None:
    logger = logging.getLogger("fastmcp")
    assert (logger.handlers, logger.propagate) == ([], True)


def test_the_settings_of_the_folder_we_run_in_are_not_ours(tmp_path: Path) -> None:
    """FastMCP reads `.env` from the working directory; that of somebody's repository may say anything."""
    (tmp_path / ".env").write_text("FASTMCP_LOG_LEVEL=nonsense\n")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    command = [sys.executable, "-c", "import moorage.core.mcp.sdk"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
