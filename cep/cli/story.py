"""Finds what travels with the package: rules, the fire story, the benchmarks."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parent.parent
REPOSITORY = PACKAGE.parent


def _in_repository() -> bool:
    return (REPOSITORY / "pyproject.toml").is_file()


def rule_file(name: str) -> Path:
    """Return a ready-to-run rule file: from the repository when the package stands in one, else the wheel."""
    folder = REPOSITORY / "rules" if _in_repository() else PACKAGE / "_rules"
    return folder / name


@contextmanager
def story_folder() -> Iterator[None]:
    """Make the packages `examples` and `benchmarks` importable."""
    folder = str(REPOSITORY if _in_repository() else PACKAGE / "_story")
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
