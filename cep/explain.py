"""Every stage of the compile walk as text, and the operator graph and automata as pictures."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from cep.compile import compile_rules, plan_rules
from cep.errors import Span, error, nearest
from cep.pictures.diagram import Arrow, Box, Diagram, wrap
from cep.pictures.dot import to_dot
from cep.pictures.mermaid import to_mermaid
from cep.pictures.svg import to_svg
from cep.pictures.text import automaton_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cep.errors import SourceText
    from cep.graph.graph import Graph, OperatorSpec, RuleSpec
    from cep.plan.nodes import Plan

STAGES = ("tree", "ast", "plan", "optimized", "graph", "kernel")
PICTURES: dict[str, Callable[[Diagram], str]] = {
    "mermaid": to_mermaid,
    "dot": to_dot,
    "svg": to_svg,
}
FORMATS = ("text", *PICTURES)


def explain(
    sources: Sequence[SourceText],
    *,
    rule: str | None = None,
    stage: str = "graph",
    format: str = "text",  # noqa: A002
    params: Mapping[str, object] | None = None,
    details: bool = False,
) -> str:
    """Return a stage of the compile walk; nothing if there are no rules.

    Args:
        sources: rule texts.
        rule: only this rule (stages plan to kernel); as a picture, its automaton if it has one.
        stage: tree, ast, plan, optimized, graph or kernel.
        format: text, or for the graph mermaid, dot or svg.
        params: values of PARAMs.
        details: with the graph as text, tell of each operator its kernel, arrays and compile time.

    Raises:
        CepError: mistakes of the rules; CEP406, no such rule, stage or format.
    """
    _known("stage", stage, STAGES)
    _known("format", format, FORMATS)
    if format != "text":
        if stage != "graph":
            msg = f"stage {stage} has no picture"
            raise error("CEP406", msg, hint="the graph has one, with a rule its automaton")
        graph = compile_rules(sources, params=params).graph
        return PICTURES[format](_diagram(graph, rule))
    if stage == "tree":
        return _trees(sources)
    if stage == "ast":
        return _asts(sources)
    if stage in ("plan", "optimized"):
        planned = plan_rules(sources, params=params)
        return _plan_text(planned.plan if stage == "plan" else planned.optimized, rule)
    from cep.lower import lower

    planned = plan_rules(sources, params=params)
    chosen = _chosen(lower(planned.optimized).rules, rule)
    if stage == "kernel":
        return "\n".join(_kernel_text(r) for r in chosen)
    from cep.plan.explain import function_lines

    functions = function_lines(planned.plan) if rule is None else []
    return "\n".join([*functions, *(_graph_text(r, details=details) for r in chosen)])


def _known(what: str, value: str, values: Sequence[str]) -> None:
    if value not in values:
        msg = f"unknown {what} {value!r}"
        hint = nearest(value, values) or f"one of {', '.join(values)}"
        raise error("CEP406", msg, hint=hint)


def _chosen(rules: Sequence[Any], name: str | None) -> list[Any]:
    """Return the rule of that name, or all."""
    if name is None:
        return list(rules)
    names = [r.name for r in rules]
    if name not in names:
        msg = f"no rule {name!r}"
        raise error("CEP406", msg, hint=nearest(name, names))
    return [r for r in rules if r.name == name]


# ---------------------------------------------------------------- text


def _trees(sources: Sequence[SourceText]) -> str:
    from cep.lang.grammar import tree_of

    plan_rules(sources)  # mistakes are shown with their place rather than as lark's exceptions
    return "\n".join(tree_of(source.text).pretty() for source in sources)


def _asts(sources: Sequence[SourceText]) -> str:
    from cep.lang import parse

    plan_rules(sources)
    lines: list[str] = []
    for source in sources:
        for statement in parse(source).statements:
            _ast_lines(statement, "", 0, lines)
    return "\n".join(lines) + "\n"


def _ast_lines(node: Any, label: str, depth: int, lines: list[str]) -> None:
    indent = "  " * depth + label
    if isinstance(node, tuple):
        if node:
            lines.append(f"{indent}[")
            for part in node:
                _ast_lines(part, "", depth + 1, lines)
            lines.append("  " * depth + "]")
        return
    if not is_dataclass(node):
        lines.append(f"{indent}{node!r}")
        return
    lines.append(f"{indent}{type(node).__name__}")
    for field in fields(node):
        value = getattr(node, field.name)
        if not isinstance(value, Span) and value not in (None, (), False):
            _ast_lines(value, f"{field.name}: ", depth + 1, lines)


def _plan_text(plan: Plan, rule: str | None) -> str:
    from cep.plan.explain import explain_text, rule_text

    if rule is None:
        return explain_text(plan)
    return "\n".join(rule_text(r) for r in _chosen(plan.rules, rule))


def _graph_text(rule: RuleSpec, *, details: bool) -> str:
    outputs = ", ".join(dict.fromkeys(rule.outputs))
    lines = [f"{rule.kind} {rule.name}: {', '.join(rule.inputs)} -> {outputs}"]
    firsts = _branch_firsts(rule)
    for number, operator in enumerate(rule.all_operators, 1):
        if number in firsts:
            lines.append(f"  {_second_way(rule)} -> {firsts[number]}")
        columns = ", ".join(f"{c.name} {c.type.value}" for c in operator.output.columns)
        what = operator.description or operator.kernel.entry
        lines.append(f"  {number}. {operator.kind.value}: {what}")
        lines.append(f"     columns {columns}")
        if details:
            lines.append(f"     {_details(operator)}")
        if number == 1 and rule.automaton is not None:
            lines += [f"     {line}" for line in automaton_text(rule.automaton)]
    return "\n".join(lines) + "\n"


def _details(operator: OperatorSpec) -> str:
    """Return how large a kernel is and how long it took to compile."""
    kernel = operator.kernel
    state = sum(a.role.value == "state" for a in kernel.arrays)
    return (
        f"kernel {kernel.entry}: {_source_lines(operator)} lines, {len(kernel.arrays)} arrays "
        f"({state} of state), {_compile_text(operator)}"
    )


def _second_way(rule: RuleSpec) -> str:
    """Return what the rows are that leave a rule by a branch."""
    return "table" if rule.kind == "incident" else "on timeout"


def _branch_firsts(rule: RuleSpec) -> dict[int, str]:
    """Return the stream of each branch of a rule by the number of its first operator."""
    found, number = {}, len(rule.operators) + 1
    for branch in rule.branches:
        found[number] = branch.output
        number += len(branch.operators)
    return found


def _source_lines(operator: OperatorSpec) -> int:
    return operator.kernel.source.count("\n")


def _compile_text(operator: OperatorSpec) -> str:
    from cep.errors import CepError
    from cep.kernel import load

    try:
        loaded = load(operator.kernel, tier="llvm")
    except CepError as problem:
        return f"python tier only ({problem.message})"
    where = "from the object cache" if loaded.cache_hit else "compiled"
    return f"{where} in {1000 * loaded.compile_seconds:.1f} ms of CPU"


def _kernel_text(rule: RuleSpec) -> str:
    parts = []
    for number, operator in enumerate(rule.all_operators, 1):
        parts.append(
            f"# {rule.name}, operator {number}: {operator.kind.value}, {_compile_text(operator)}"
        )
        parts.append(operator.kernel.source)
        if operator.numpy_source is not None:
            parts.append("# the same for large batches")
            parts.append(operator.numpy_source)
    return "\n".join(parts)


# ---------------------------------------------------------------- pictures


def _diagram(graph: Graph, rule: str | None) -> Diagram:
    rules = _chosen(graph.rules, rule)
    if rule is not None and rules[0].automaton is not None:
        return _automaton(rules[0])
    return _operators(rules)


def _automaton(rule: RuleSpec) -> Diagram:
    assert rule.automaton is not None
    boxes = tuple(
        Box(s.name, wrap(s.label), "accepting" if s.accepting else "dead" if s.dead else "state")
        for s in rule.automaton.states
    )
    arrows = tuple(Arrow(e.source, e.target, wrap(e.label)) for e in rule.automaton.edges)
    title = " · ".join((f"automaton of rule {rule.name}", *rule.automaton.clauses))
    return Diagram(title, boxes, arrows)


def _operators(rules: Sequence[RuleSpec]) -> Diagram:
    boxes: dict[str, Box] = {}
    arrows: list[Arrow] = []
    for rule in rules:
        for name in (*rule.inputs, *rule.outputs):
            boxes.setdefault(f"stream {name}", Box(f"stream {name}", (name,), "stream"))
        before = [f"stream {name}" for name in rule.inputs]
        for number, operator in enumerate(rule.operators, 1):
            name = f"{rule.name} {number}"
            title = rule.name if number == 1 else operator.kind.value
            text = operator.description or operator.kind.value
            boxes[name] = Box(name, (title, *wrap(text)), "operator")
            arrows += [Arrow(source, name) for source in dict.fromkeys(before)]
            before = [name]
        arrows += [Arrow(source, f"stream {rule.output}") for source in before]
        number = len(rule.operators)
        for branch in rule.branches:
            before = [f"{rule.name} 1"]
            for operator in branch.operators:
                number += 1
                name = f"{rule.name} {number}"
                text = operator.description or operator.kind.value
                boxes[name] = Box(name, (_second_way(rule), *wrap(text)), "operator")
                arrows += [Arrow(source, name) for source in before]
                before = [name]
            arrows += [Arrow(source, f"stream {branch.output}") for source in before]
    return Diagram("operator graph", tuple(boxes.values()), tuple(arrows))
