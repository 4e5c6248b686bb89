"""The grammar and the parser made from it; its tables lie in the cache folder, so start-up is quick."""

from __future__ import annotations

import hashlib
import io
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cep.cache import CacheFolder

if TYPE_CHECKING:
    from lark import Lark

_LOCK = threading.Lock()
_OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "contextual",
    "maybe_placeholders": True,
    "propagate_positions": True,
}


@cache
def grammar_text() -> str:
    """Return the grammar: from the repository when the package stands in one, else from the wheel."""
    package = Path(__file__).resolve().parent.parent
    repository = package.parent
    folder = repository if (repository / "pyproject.toml").is_file() else package
    path = folder / ("grammar" if folder is repository else "_grammar") / "cep.lark"
    return path.read_text(encoding="utf-8")


def _cache_name() -> str:
    import lark

    version = f"{lark.__version__} {sys.version_info[:2]} {sorted(_OPTIONS.items())}"
    digest = hashlib.blake2b((version + grammar_text()).encode(), digest_size=16).hexdigest()
    return f"grammar-{digest}.tables"


@cache
def _parser() -> Lark:
    from lark import Lark

    cache = CacheFolder("grammar")
    stored = cache.read(_cache_name())
    if stored is not None:
        try:
            empty = Lark.__new__(Lark)
            # lark stores its tables as a pickle; only this user can write to the cache folder.
            return empty._load(io.BytesIO(stored), propagate_positions=True)  # noqa: SLF001
        except Exception:
            pass
    made = Lark(grammar_text(), **_OPTIONS)
    buffer = io.BytesIO()
    made.save(buffer)
    cache.write(_cache_name(), buffer.getvalue())
    return made


def parser() -> Lark:
    """Return the parser of the grammar, made once in a process."""
    with _LOCK:
        return _parser()


@cache
def alternatives() -> frozenset[str]:
    """Return the names of all alternatives of the grammar: rule names and aliases."""
    return frozenset(
        str(rule.alias or rule.origin.name)
        for rule in parser().rules
        if not rule.origin.name.startswith("__") and rule.origin.name != "start"
    )


def tree_of(text: str) -> Any:
    """Return lark's tree of rule text without mistakes (for `cep explain --stage tree`)."""
    return parser().parse(text)


def alternatives_used(text: str) -> frozenset[str]:
    """Return which alternatives of the grammar a rule text uses."""
    from lark import Tree

    return frozenset(
        str(node.data) for node in tree_of(text).iter_subtrees() if isinstance(node, Tree)
    )
