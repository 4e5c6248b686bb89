"""Statements about statements in the model: imports put in as text, dropped and paused rules taken out."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cep.errors import SourceText
from cep.lang import ast, parse
from tests.oracle.values import UnsupportedError

SHIPPED = Path("rules")
_source = lru_cache(maxsize=8)(SourceText)  # the parser keeps results by source
_RULES = (ast.CreateRule, ast.CreateIncident)


def declared(text: str, name: str = "rules") -> list[ast.Statement]:
    """Return the declarations of a rule text after all its statements have acted."""
    found: list[Any] = []
    paused: set[str] = set()
    max_runs: ast.Expression | None = None
    queries = 0
    for node in _filled(_with_imports(text, name, set())):
        match node:
            case ast.Insert():
                queries += 1
                found.append(ast.CreateRule(f"query{queries}", node))
            case ast.RuleState(action="pause"):
                paused.add(node.name)
            case ast.RuleState():
                paused.discard(node.name)
            case ast.Drop():
                found = [n for n in found if getattr(n, "name", None) != node.name]
                paused.discard(node.name)
            case ast.SetOption():
                max_runs = node.value
            case ast.ExplainQuery() | ast.ExplainRule():
                pass
            case _:
                names = [getattr(n, "name", None) for n in found]
                if getattr(node, "or_replace", False) and node.name in names:
                    found[names.index(node.name)] = node
                else:
                    found.append(node)
                if any(a.name == "disabled" for a in getattr(node, "annotations", ())):
                    paused.add(node.name)
    return [_rule(n, paused, max_runs) if isinstance(n, _RULES) else n for n in found]


def _filled(nodes: list[Any]) -> list[Any]:
    """Return statements with a rule, or a view, for each CREATE TABLE .. AS."""
    found: list[Any] = []
    for node in nodes:
        query = getattr(node, "query", None)
        if not isinstance(node, ast.CreateTable) or query is None:
            found.append(node)
        elif node.elements is None:
            found.append(ast.CreateView(node.name, query))
        else:
            fill = ast.Insert(query, node.name, upsert=True)
            found += [replace(node, query=None), ast.CreateRule(f"{node.name}$fill", fill)]
    return found


def _rule(node: Any, paused: set[str], max_runs: ast.Expression | None) -> Any:
    """Return a rule with its annotations put into RULE_META; one that rests gives no rows."""
    notes = {a.name.lower(): a.args for a in node.annotations}

    def put(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(put(p) for p in part)
        if not is_dataclass(part) or isinstance(part, type):
            return part
        if isinstance(part, ast.Call) and part.name.lower() == "rule_meta":
            assert isinstance(part.args[0], ast.Text)
            return (notes[part.args[0].value.lower()] or (ast.Boolean(True),))[0]
        return replace(part, **{f.name: put(getattr(part, f.name)) for f in fields(part)})

    if max_runs is not None and "max_runs" not in notes:
        node = replace(
            node, annotations=(*node.annotations, ast.Annotation("max_runs", (max_runs,)))
        )
    if isinstance(node, ast.CreateIncident):
        return node
    node = replace(node, body=put(node.body))
    if node.name in paused:
        node = replace(
            node, body=replace(node.body, query=replace(node.body.query, where=ast.Boolean(False)))
        )
    return node


def _with_imports(text: str, name: str, seen: set[tuple[Path, str]]) -> list[Any]:
    result = parse(_source(name, text))
    if result.problems:
        raise UnsupportedError(result.problems[0].render())
    module = [n.name for n in result.statements if isinstance(n, ast.Module)]
    found: list[Any] = []
    for node in result.statements:
        if isinstance(node, ast.Import):
            found += _imported(node, name, seen)
        elif isinstance(node, _RULES) and module:
            note = ast.Annotation("module", (ast.Text(module[0]),))
            found.append(replace(node, annotations=(*node.annotations, note)))
        elif not isinstance(node, ast.Module):
            found.append(node)
    return found


def _imported(node: ast.Import, name: str, seen: set[tuple[Path, str]]) -> list[Any]:
    path = Path(name).parent / node.path
    path = path if path.exists() else SHIPPED / node.path
    if (path, node.alias or "") in seen:
        return []
    seen.add((path, node.alias or ""))
    text = path.read_text(encoding="utf-8")
    if node.alias:
        for own in _names(text):
            text = re.sub(rf"\b{own}\b", f'"{node.alias}.{own}"', text)
    return [n for n in _with_imports(text, str(path), seen) if not isinstance(n, ast.Test)]


def _names(text: str) -> list[str]:
    """Return what a text declares, and the streams its rules write."""
    kinds = "STREAM|TABLE|RULE|VIEW|TEMPLATE|INCIDENT"
    return list(dict.fromkeys(re.findall(rf"(?:CREATE (?:{kinds})|INTO) (\w+)", text)))
