"""Runs the builder over a tree, children before parents, without recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cep.lang.build import Builder


def build(tree: Any, builder: Builder) -> Any:
    """Return what the builder makes of a lark tree.

    Raises:
        CepError: the builder found a mistake that the grammar cannot.
    """
    from lark import Tree

    done: dict[int, Any] = {}
    waiting: list[tuple[Any, bool]] = [(tree, False)]
    while waiting:
        node, ready = waiting.pop()
        if not ready:
            waiting.append((node, True))
            waiting.extend((c, False) for c in node.children if isinstance(c, Tree))
            continue
        children = [_child(c, done, builder) for c in node.children]
        rule = getattr(builder, node.data, None)
        # A few words of the grammar carry nothing but their name; their parent reads it.
        done[id(node)] = node if rule is None else rule(node.meta, children)
    if builder.refused:
        raise min(builder.refused, key=lambda r: r.span.start)
    return done[id(tree)]


def _child(child: Any, done: dict[int, Any], builder: Builder) -> Any:
    if id(child) in done:
        return done[id(child)]
    kind = getattr(child, "type", None)
    if kind == "NAME":
        builder.refuse_empty(child)
    return builder.PARAM(child) if kind == "PARAM" else child
