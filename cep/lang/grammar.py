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
    """Return the names of all alternatives of the grammar: aliases, and rules for alternatives without one."""
    return frozenset(filter(None, map(_name, parser().rules)))


def alternatives_used(text: str) -> frozenset[str]:
    """Return which alternatives of the grammar the parser takes for a rule text.

    Raises:
        lark.exceptions.LarkError: the text has mistakes.
    """
    interactive: Any = parser().parse_interactive(text)
    taken = _Taken(interactive.parser_state.parse_conf.callbacks)
    interactive.parser_state.parse_conf.callbacks = taken
    interactive.exhaust_lexer()
    interactive.feed_eof()
    return frozenset(taken.names - {""})


def tree_of(text: str) -> Any:
    """Return lark's tree of rule text without mistakes (for `cep explain --stage tree`)."""
    return parser().parse(text)


def _name(rule: Any) -> str:
    """Return what an alternative is called; the parser's own rules for `*` and `+` have no name."""
    name = str(rule.alias or rule.origin.name)
    return "" if name.startswith("__") or name == "start" else name


class _Taken(dict[Any, Any]):
    """The parser's table of callbacks; notes which of them are looked up."""

    def __init__(self, callbacks: dict[Any, Any]) -> None:
        super().__init__(callbacks)
        self.names: set[str] = set()

    def __getitem__(self, rule: Any) -> Any:
        self.names.add(_name(rule))
        return super().__getitem__(rule)
