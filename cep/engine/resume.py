"""A snapshot in an engine whose rules may be others: which rules have state in it that fits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cep.engine.change import RuleChanges, shown
from cep.errors import error
from cep.state.arrays import take_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cep.engine.rule_task import RuleTask
    from cep.engine.source_stream import SourceStream

Arrays = dict[str, np.ndarray]


def same_rules(arrays: Arrays, rules: Sequence[RuleTask]) -> set[str]:
    """Return the rules that do what the rules of their names in a snapshot did."""
    return {t.spec.name for t in rules if _equal(arrays, t.spec.name, "kernels", t.kernels)}


def check_snapshot(
    arrays: Arrays,
    sources: Mapping[str, SourceStream],
    rules: Sequence[RuleTask],
    same: set[str],
    *,
    changed: bool,
) -> None:
    """Check that a snapshot fits streams and rules, which may be others if `changed`.

    Raises:
        CepError: CEP506, CEP238 (see `EngineCore.restore`).
    """
    for name, source in sources.items():
        known = arrays.get(f"stream/{name}/declared")
        if known is not None and not np.array_equal(known, source.declared()):
            msg = f"stream {name} is declared otherwise than in the snapshot"
            raise error("CEP506", msg, source.spec.span)
    differing = ({t.spec.name for t in rules} - same) | (_known(arrays, "rule") - same)
    differing |= {*sources} ^ _known(arrays, "stream")
    if differing and not changed:
        msg = "the snapshot was taken of other rules or parameters"
        raise error("CEP506", msg, hint=f"differing: {', '.join(sorted(differing))}")
    states = {task.spec.name: task.spec.state for task in rules}
    for task in rules:
        name = task.spec.name
        owner = name.partition("$")[0]
        there = f"rule/{name}/form" in arrays and name not in same
        if there and states.get(owner) == "keep" and not _equal(arrays, name, "form", task.form):
            msg = f"{owner} has another form than in the checkpoint: its state cannot be kept"
            hint = "literals of conditions and WITHIN may change; write RESET STATE"
            raise error("CEP238", msg, task.spec.span, hint)


def restored_rules(arrays: Arrays, rules: Sequence[RuleTask], same: set[str]) -> RuleChanges:
    """Give rules their state in a snapshot that `check_snapshot` found good; return what is not as it was."""
    states = {task.spec.name: task.spec.state for task in rules}
    added, kept, reset = [], [], []
    for task in rules:
        name = task.spec.name
        mine = take_from(f"rule/{name}", arrays)
        if not mine:
            added.append(name)
        elif name in same:
            task.restore(mine)
        elif states.get(name.partition("$")[0]) == "keep":
            task.restore(mine, changed=True)
            kept.append(name)
        else:
            reset.append(name)
    removed = sorted(_known(arrays, "rule") - {task.spec.name for task in rules})
    return RuleChanges(shown(added), shown(kept), shown(reset), shown(removed))


def _known(arrays: Arrays, kind: str) -> set[str]:
    """Return the rules or streams that a snapshot has."""
    start, end = f"{kind}/", "/counters"
    return {
        n.removeprefix(start).removesuffix(end)
        for n in arrays
        if n.startswith(start) and n.endswith(end)
    }


def _equal(arrays: Arrays, name: str, what: str, own: np.ndarray) -> bool:
    known = arrays.get(f"rule/{name}/{what}")
    return known is not None and np.array_equal(known, own)
