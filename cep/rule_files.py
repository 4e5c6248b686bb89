"""What rules are given as: paths, lists of paths, or rule text itself."""

from __future__ import annotations

from pathlib import Path

from cep.errors import SourceText, error

Rules = str | Path | list[str] | list[Path] | list[SourceText]


def rule_sources(rules: Rules) -> list[SourceText]:
    """Return rule texts of a path, a list of paths or texts, or rule text itself (it has a `;` or a line end).

    Raises:
        CepError: CEP201, a file cannot be read.
    """
    if isinstance(rules, str) and (";" in rules or "\n" in rules):
        return [SourceText("<rules>", rules)]
    sources = []
    for path in rules if isinstance(rules, list) else [rules]:
        if isinstance(path, SourceText):
            sources.append(path)
            continue
        try:
            sources.append(SourceText(str(path), Path(path).read_bytes().decode("utf-8")))
        except (OSError, UnicodeDecodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8"
            msg = f"cannot read rule file {path}: {reason}"
            hint = (
                "rule text is told from a path by its ';'"
                if isinstance(rules, str) and " " in rules
                else ""
            )
            raise error("CEP201", msg, hint=hint) from problem
    return sources
