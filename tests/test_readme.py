"""The README's files and commands, run as written; its `text` blocks are what the commands print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:File `([\w.]+)`:\n\n)?```(\w+)\n(.*?)```", re.DOTALL)
MAKE_TARGETS = ("make demo", "make test")


def blocks() -> list[tuple[str, str, str]]:
    """Return (file name or empty, language, text) of each block in order."""
    return [(name, language, text) for name, language, text in BLOCK.findall(README)]


def test_every_block_is_used() -> None:
    """Each block is a file, a command or what a command prints."""
    languages = {language for name, language, _ in blocks() if not name}
    assert languages <= {"sh", "text"}
    assert sum(bool(name) for name, _, _ in blocks()) >= 4


def test_blocks(tmp_path: Path) -> None:
    """Write the files, run the commands in order, compare what they print."""
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    printed = ""
    for name, language, text in blocks():
        if name:
            (tmp_path / name).write_text(text, encoding="utf-8")
        elif language == "sh" and not text.startswith(MAKE_TARGETS):
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", text],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            printed = done.stdout
        elif language == "text":
            assert printed == text


@pytest.mark.parametrize("command", MAKE_TARGETS)
def test_make_targets_exist(command: str) -> None:
    """The two commands are targets of the Makefile."""
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
