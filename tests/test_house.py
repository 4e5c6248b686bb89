"""The rules of the house: sizes, docstrings, words, doors, and documents that name what exists."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "cep"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "_grammar" not in p.parts)
BANNED = ("chunk", "shard", "savepoint", "punctuation", "detection", "utils")
ODD_NAMES = ("utils", "common", "helpers", "misc")
FILE_LINES = 600
FUNCTION_LINES = 60
KERNEL_FUNCTION_LINES = 120


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module(path: Path) -> None:
    """Each module says its role, and is short."""
    text = path.read_text(encoding="utf-8")
    tree = tree_of(path)
    assert ast.get_docstring(tree), "a module begins with a docstring whose first line is its role"
    assert text.count("\n") <= FILE_LINES, "a file has at most 600 lines"
    assert path.stem not in ODD_NAMES
    limit = KERNEL_FUNCTION_LINES if "kernellib" in path.parts else FUNCTION_LINES
    for function in functions(tree):
        lines = (function.end_lineno or 0) - function.lineno + 1
        assert lines <= limit, f"{function.name} has {lines} lines, {limit} are the limit"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_words(path: Path) -> None:
    """Identifiers and module names use the words of the glossary."""
    names = {path.stem}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    bad = sorted(n for n in names if any(word in n.lower() for word in BANNED))
    assert not bad, f"use another word in {bad}"


def test_kernel_arguments_have_a_dtype_and_a_shape() -> None:
    """Every array argument of a kernel routine is annotated `dtype[shape]`."""
    shape = re.compile(r"^(i64|i32|i8|u8|f64)\[.+\]$")
    for path in (PACKAGE / "kernellib").glob("*.py"):
        for function in functions(tree_of(path)):
            for argument in function.args.args:
                note = argument.annotation
                assert note is not None, f"{path.name}: {function.name}({argument.arg})"
                text = note.value if isinstance(note, ast.Constant) else ast.unparse(note)
                assert text in ("int", "float", "bool") or shape.match(str(text)), (
                    f"{path.name}: {function.name}({argument.arg}: {text})"
                )


def test_import_is_light() -> None:
    """`import cep` loads none of the heavy libraries."""
    heavy = "lark", "llvmlite", "numpy", "pyarrow", "prometheus_client", "rich", "msgspec"
    code = f"import cep, sys; print([m for m in {heavy!r} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("document", ["README.md", "cep/README.md"])
def test_documents_name_what_exists(document: str) -> None:
    """Every path named in the READMEs exists."""
    text = (ROOT / document).read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    paths = re.findall(r"`((?:cep|grammar|rules|tests|benchmarks|examples|\.ci)/[\w./-]*)`", prose)
    assert paths, "a map names places"
    missing = [p for p in paths if not (ROOT / p).exists()]
    assert not missing


def test_test_files_outside_packages_have_different_names() -> None:
    """Of two with one name pytest collects one, and only when it is run on both."""
    files = [
        p
        for p in Path(__file__).parent.rglob("test_*.py")
        if not (p.parent / "__init__.py").exists()
    ]
    names = Counter(p.name for p in files)
    assert [name for name, number in names.items() if number > 1] == []
