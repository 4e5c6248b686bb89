"""The grammar: without conflicts, read whole by three files, its tables cached, its keywords contextual."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cep.errors import SourceText
from cep.lang import ast, grammar, parse
from cep.lang.print import format_text, print_statement, print_statements
from cep.lang.print.names import keywords

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data" / "grammar"
DESIGN = ROOT.parent / "shared" / "design"
FILES = {"examples.cep": 55, "compat.cep": 13, "further.cep": 18}


def read(path: Path) -> tuple[ast.Statement, ...]:
    result = parse(SourceText(path.name, path.read_text(encoding="utf-8")))
    assert not result.problems, "\n".join(p.render() for p in result.problems)
    return result.statements


def test_there_are_no_conflicts() -> None:
    """`strict=True` also refuses terminals that collide; it needs interegular."""
    pytest.importorskip("interegular")
    from lark import Lark

    Lark(grammar.grammar_text(), parser="lalr", lexer="contextual", strict=True)


@pytest.mark.parametrize("file", FILES)
def test_files_parse_and_print(file: str) -> None:
    """Each file parses, and what is printed parses to the same."""
    statements = read(DATA / file)
    assert len(statements) == FILES[file]
    printed = print_statements(statements)
    assert parse(SourceText("printed", printed)).statements == statements


@pytest.mark.parametrize("file", FILES)
def test_files_keep_their_meaning_when_formatted(file: str) -> None:
    text = (DATA / file).read_text(encoding="utf-8")
    formatted = format_text(text)
    assert parse(SourceText("formatted", formatted)).statements == read(DATA / file)
    assert format_text(formatted) == formatted


@pytest.mark.parametrize("file", ["examples.cep", "compat.cep"])
def test_design_files_parse(file: str) -> None:
    """The files of the design, where they lie beside the repository, are the copies tested here."""
    if not DESIGN.is_dir():
        pytest.skip("../shared/design is not beside the repository")
    assert read(DESIGN / file) == read(DATA / file)


def test_every_alternative_is_parsed() -> None:
    """The three files together use every rule and alias of the grammar."""
    used = set()
    for file in FILES:
        used |= grammar.alternatives_used((DATA / file).read_text(encoding="utf-8"))
    assert used == grammar.alternatives()


@pytest.mark.parametrize("word", sorted(keywords()))
def test_keywords_can_be_names_everywhere(word: str) -> None:
    """A name that is a keyword is quoted where the parser would take it for one, and only reads back as a name."""
    name = word.lower()
    column = ast.Name(name)
    steps = ast.Followed(
        (
            ast.Adjacent((ast.Atom(name), ast.Quantified(ast.Atom(name, name, column), 1, None))),
            ast.Adjacent((ast.Absent(ast.Atom(name), ast.Duration(1)), ast.Atom(name))),
        ),
        (ast.Edge(),),
    )
    match = ast.Match(
        ast.TableName(name, column, name),
        steps,
        partition_by=(ast.PartitionItem(column, name),),
        skip=ast.Skip("to_variable", name),
        subsets=(ast.Subset(name, (name, name)),),
        defines=(ast.Define(name, column), ast.Define(name, column, name)),
    )
    frame = ast.Frame("rows", ast.FrameBound("preceding", column))
    call = ast.Call(
        name, (column, ast.NamedArgument(name, column)), over=ast.WindowSpec(frame=frame)
    )
    case = ast.Case(column, ((column, column),), column)
    items = (column, call, ast.Member(column, name), case, ast.Unary("not", column))
    select = ast.Select(
        tuple(ast.SelectItem(item, name) for item in items),
        ast.Join(
            match, ast.TableFunction(name, (ast.TableArgument(name, name), column)), "left", column
        ),
        where=ast.InTable(column, name),
        windows=(ast.NamedWindow(name, ast.WindowSpec((ast.PartitionItem(column),))),),
        order_by=(ast.SortItem(column),),
        output=(ast.OutTime(column),),
    )
    statements: list[ast.Statement] = [
        ast.CreateRule(name, ast.Insert(select, name, (name,))),
        ast.CreateStream(
            name,
            (ast.ColumnDefinition(name, ast.TypeName(name), default=column), ast.Watermark(name, column)),
            (ast.Option(name, column),),
            (ast.Annotation(name, (column, ast.NamedArgument(name, column))),),
        ),
        ast.CreateTemplate(name, (ast.TemplateParameter(name, ast.TypeName(name)),), select),
        ast.CreateIncident(
            name, (name,), (ast.IncidentOn("open", name, name, column, (ast.SetItem(name, column),)),)
        ),
        ast.CreateFunction(name, (ast.FunctionParameter(name, ast.TypeName(name)),), ast.TypeName(name), name, ""),
        ast.ExplainWhy(name, keys=(column,)),
        ast.Drop("rule", name),
        ast.Test(name, (ast.Given(name, (name,), ((column,),)),), (ast.Expect(name),)),
    ]  # fmt: skip
    for statement in statements:
        text = print_statement(statement)
        result = parse(SourceText("printed", text))
        assert not result.problems, text + result.problems[0].render()
        assert result.statements == (statement,), text


@pytest.mark.parametrize(
    "name",
    ["value", "key", "state", "rate", "open", "first", "timestamp", "last", "events", "rule"],
)
def test_common_column_names_need_no_quotes(name: str) -> None:
    text = f"SELECT {name}\nFROM s\nWHERE {name} > 1;"
    assert format_text(text) == text + "\n"


# ---------------------------------------------------------------- the cache of tables


def parse_in_new_process(folder: Path) -> str:
    code = (
        "from cep.lang import grammar, parse\n"
        "from cep.errors import SourceText\n"
        "import lark\n"
        "made = []\n"
        "init = lark.Lark.__init__\n"
        "lark.Lark.__init__ = lambda *a, **k: (made.append(1), init(*a, **k))[1]\n"
        "print(len(parse(SourceText('x', 'SELECT a FROM b;')).statements), len(made))"
    )
    environment = {**os.environ, "CEP_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    return run.stdout.strip()


def test_tables_are_cached(tmp_path: Path) -> None:
    """The second process builds nothing; a damaged file and an open folder cost a build, never a failure."""
    folder = tmp_path / "cache"
    assert parse_in_new_process(folder) == "1 1"
    assert parse_in_new_process(folder) == "1 0"
    (tables,) = (folder / "grammar").iterdir()
    assert (folder / "grammar").stat().st_mode & 0o777 == 0o700
    tables.write_bytes(pickle.dumps({"not": "tables"}))
    assert parse_in_new_process(folder) == "1 1"
    (folder / "grammar").chmod(0o777)
    assert parse_in_new_process(folder) == "1 1"
    no_folder = tmp_path / "file"  # nothing can be written below it, whoever runs the test
    no_folder.touch()
    assert parse_in_new_process(no_folder) == "1 1"


# ---------------------------------------------------------------- the page on the language

PAGE = (ROOT / "grammar" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL))
def test_examples_of_the_page_parse(example: str) -> None:
    result = parse(SourceText("grammar/README.md", example))
    assert not result.problems, result.problems[0].render()
    assert result.statements


def test_the_page_lists_every_code() -> None:
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "cep" / "lang").rglob("*.py"))
    assert set(re.findall(r"CEP1\d\d", source)) == set(re.findall(r"CEP1\d\d", PAGE))
