"""Rule files with the files they IMPORT: read once each, their names behind the name of the import.

What a file declares with a stream's kind of name (streams, tables, views, rules, incidents, templates, and the
streams that its rules write) is called `n.name` outside when it is imported AS n; parameters and functions keep
their names. A file is looked for beside the one that imports it, then among the rule files that come with cep.
The tests of an imported file stay with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cep.errors import Problem, SourceText
from cep.lang import ast
from cep.lang.parser import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Fields that hold the name of a stream, table, view, rule, incident or template.
_NAMED: dict[type, str] = {
    ast.CreateStream: "name",
    ast.CreateTable: "name",
    ast.CreateRule: "name",
    ast.CreateView: "name",
    ast.CreateIncident: "name",
    ast.CreateTemplate: "name",
    ast.LateInto: "stream",
    ast.Apply: "template",
    ast.Insert: "target",
    ast.TableName: "name",
    ast.TableArgument: "table",
    ast.Atom: "stream",
    ast.Define: "stream",
    ast.IncidentOn: "stream",
    ast.IncidentInto: "stream",
    ast.Drop: "name",
    ast.RuleState: "name",
    ast.ExplainRule: "name",
    ast.ExplainWhy: "rule",
    ast.InTable: "table",
}
# Of these the short name stays the name by which conditions speak of the rows.
_ALIASED = (ast.TableName, ast.IncidentOn)


@dataclass(slots=True)
class Files:
    """Statements of all files in declaration order, what is wrong with their texts, and the texts."""

    statements: list[ast.Statement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    broken_names: list[str] = field(default_factory=list)
    sources: list[SourceText] = field(default_factory=list)


def read_files(sources: Sequence[SourceText]) -> Files:
    """Parse rule texts and the files they import; the statements of an import stand where it stands.

    Never raises for what the texts say. Problems: those of the parser, CEP201 a file that cannot be read,
    CEP209 MODULE twice, CEP224 MODULE behind other statements.
    """
    reading = _Reading({_place(Path(source.name)) for source in sources})
    for source in sources:
        reading.file(source, "")
    return reading.files


def _place(path: Path) -> str:
    return str(path.resolve())


@dataclass(slots=True)
class _Reading:
    """What was read so far: `given` are the files that stand on the command line."""

    given: set[str]
    files: Files = field(default_factory=Files)
    imported: set[tuple[str, str]] = field(default_factory=set)
    texts: dict[str, SourceText] = field(default_factory=dict)

    def file(self, source: SourceText, prefix: str, *, again: bool = False) -> None:
        """Take the statements of a text; prefix: what its names get; again: its functions are there already."""
        parsed = parse(source)
        self.files.sources.append(source)
        if not again:
            self.files.problems += parsed.problems
        self.files.broken_names += parsed.broken_names
        own = _own_names(parsed.statements) if prefix else frozenset()
        module = self._module(parsed.statements)
        for statement in parsed.statements:
            node = _with_module(statement, module)
            match node:
                case ast.Module():
                    continue
                case ast.Import():
                    self._import(node, source)
                case ast.Param() | ast.CreateFunction() if again:
                    continue
                case ast.Test() if prefix or source in self.texts.values():
                    continue
                case _:
                    names = {name: prefix + name for name in own}
                    self.files.statements.append(renamed(node, names) if prefix else node)

    def _module(self, statements: Sequence[ast.Statement]) -> ast.Module | None:
        modules = [n for n in statements if isinstance(n, ast.Module)]
        for node in modules[1:]:
            message = "a file has one MODULE"
            self.files.problems.append(Problem("CEP209", message, node.span))
        if modules and not isinstance(statements[0], ast.Module):
            message = "MODULE stands in front of all other statements"
            self.files.problems.append(Problem("CEP224", message, modules[0].span))
        return modules[0] if modules else None

    def _import(self, node: ast.Import, source: SourceText) -> None:
        path = find_file(node.path, source)
        if path is None:
            hint = f"it is looked for beside {source.name}, then in {SHIPPED}"
            message = f"cannot find {node.path}"
            self.files.problems.append(Problem("CEP201", message, node.span, hint))
            return
        place, prefix = _place(path), f"{node.alias}." if node.alias else ""
        if (place, prefix) in self.imported or (place in self.given and not prefix):
            return
        if place in self.given:
            message = f"{node.path} is given as a rule file too"
            hint = "leave AS out, or do not give it"
            self.files.problems.append(Problem("CEP209", message, node.span, hint))
            return
        self.imported.add((place, prefix))
        again = place in self.texts
        if not again:
            try:
                text = path.read_bytes().decode("utf-8")
            except (OSError, UnicodeDecodeError) as problem:
                reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8"
                message = f"cannot read {node.path}: {reason}"
                self.files.problems.append(Problem("CEP201", message, node.span))
                return
            self.texts[place] = SourceText(str(path), text)
        self.file(self.texts[place], prefix, again=again)


_REPOSITORY = Path(__file__).resolve().parents[2]
_PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (
    _REPOSITORY / "rules" if (_REPOSITORY / "pyproject.toml").is_file() else _PACKAGE / "_rules"
)
"""The folder of the rule files that come with cep."""


def find_file(path: str, source: SourceText) -> Path | None:
    """Return the file an IMPORT means, None if there is none."""
    beside = Path(source.name).parent / path
    return next((p for p in (beside, SHIPPED / path) if p.is_file()), None)


def _with_module(node: ast.Statement, module: ast.Module | None) -> ast.Statement:
    """Return a rule or incident with the name of its file's MODULE as `@module`."""
    if module is None or not isinstance(node, ast.CreateRule | ast.CreateIncident):
        return node
    note = ast.Annotation("module", (ast.Text(module.name, module.span),), module.span)
    return replace(node, annotations=(*node.annotations, note))


def _own_names(statements: Sequence[ast.Statement]) -> frozenset[str]:
    """Return the names a file declares: of its statements, and of the streams that its rules write."""
    names: set[str] = set()
    for node in statements:
        match node:
            case ast.CreateStream():
                names.add(node.name)
                names |= {e.stream for e in node.elements or () if isinstance(e, ast.LateInto)}
            case ast.CreateTable() | ast.CreateView() | ast.CreateTemplate():
                names.add(node.name)
            case ast.CreateRule():
                names |= {node.name, f"{node.name}_timeout", node.body.target or node.name}
                names |= {t.target for t in node.timeouts if t.target}
            case ast.CreateIncident():
                names |= {node.name, f"{node.name}_events"}
                names |= {c.stream for c in node.clauses if isinstance(c, ast.IncidentInto)}
            case _:
                pass
    return frozenset(names)


def renamed(node: Any, names: Mapping[str, str]) -> Any:
    """Return a statement, or a part of one, with what `names` has called otherwise; conditions speak of it as before."""
    if isinstance(node, tuple):
        return tuple(renamed(part, names) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    parts = {
        f.name: renamed(getattr(node, f.name), names) for f in fields(node) if f.name != "span"
    }
    name = _NAMED.get(type(node))
    if name is not None and getattr(node, name) in names:
        parts[name] = names[getattr(node, name)]
        if isinstance(node, _ALIASED):
            parts["alias"] = node.alias or getattr(node, name)
    if isinstance(node, ast.Apply):
        parts["args"] = tuple(_stream_argument(arg, names) for arg in node.args)
    if isinstance(node, ast.TableFunction) and not node.standard and node.args:
        parts["args"] = (_stream_argument(node.args[0], names), *parts["args"][1:])
    return replace(node, **parts)


def _stream_argument(node: Any, names: Mapping[str, str]) -> Any:
    """Return an argument that may be the name of a stream."""
    match node:
        case ast.NamedArgument():
            return replace(node, value=_stream_argument(node.value, names))
        case ast.Name(name=name) if name in names:
            return replace(node, name=names[name])
        case _:
            return renamed(node, names)
