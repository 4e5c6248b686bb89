"""The model shares nothing with the engine but the language's text, types, times and errors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

MODULES = [
    path
    for path in sorted(Path(__file__).parent.glob("*.py"))
    if not path.name.startswith("test_") and path.name not in ("comparison.py", "cases.py")
]
ALLOWED = {"cep.lang", "cep.types", "cep.times", "cep.errors"}


def imported(path: Path) -> set[str]:
    """Return the modules a file imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {n.name for n in names}
            case ast.ImportFrom(module=str(module)):
                found.add(module)
            case _:
                pass
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.name)
def test_imports(path: Path) -> None:
    of_the_engine = {m for m in imported(path) if m == "cep" or m.startswith("cep.")}
    assert of_the_engine <= ALLOWED
    others = {m for m in imported(path) if m.startswith("tests")}
    assert all(m.startswith("tests.oracle") for m in others)
