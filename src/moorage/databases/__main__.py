"""The entry of `python -m moorage.databases`."""

from __future__ import annotations

from moorage.core.collecting import collect_rarely


def main() -> None:
    """Serve databases alone."""
    collect_rarely()
    from moorage.databases.alone import main as serve

    serve()


if __name__ == "__main__":
    main()
