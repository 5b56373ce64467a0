"""What every system stands on when it is open: connections, projects, the embedder, and a folder for files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moorage.core.embedding.embedder import Embedder
from moorage.projects.connections import ProjectConnectionManager
from moorage.projects.service import ProjectService


@dataclass(frozen=True)
class Ground:
    """Opened once a process and handed to each system.

    Attributes:
        home: the folder of everything Moorage keeps on this machine.
    """

    connections: ProjectConnectionManager
    projects: ProjectService
    embedder: Embedder
    home: Path
