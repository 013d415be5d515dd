"""House rules that a machine can keep: which way imports go, where numbers live, what every file owes its reader."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from simdce import arrangements, calibration
from simdce.sourced import CONFIDENCES, read_terms, read_toml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "simdce"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

STOREYS = (
    "errors",
    "interrupts",
    "beside",
    "sourced",
    "calibration",
    "validation",
    "arrangements",
    "tiers",
    "published",
    "scenario",
    "costs",
    "population",
    "slot_law",
    "slots",
    "from_published",
    "benchmarking",
    "rebased",
    "exact",
    "kernel",
    "totals",
    "shares",
    "worlds",
    "settlements",
    "growth",
    "metrics",
    "control",
    "results",
    "wording",
    "files",
    "studies",
    "evidence",
    "assumptions",
    "unfinished",
    "resources",
    "sizes",
    "run",
    "plots",
    "report",
    "whatif",
    "deciding",
    "interview",
    "output",
    "cli",
    "__main__",
)
"""From the ground up: a room may import from its own storey and those before it, never from one after it."""

PUBLIC = "simdce"
"""The front door: names, imported lazily, of rooms on any storey; no room comes in through it."""

LONG_FILES: dict[str, str] = {}
"""Files over 300 lines in the package, each with its reason."""

MOST_LINES = 300


def room(path: Path) -> str:
    """The storey that a module belongs to; the package's own __init__ is the front door."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return PUBLIC if parts == ("__init__",) else parts[0]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, at its top or inside a function, and the line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}:{node.lineno}: imports are absolute"
            assert node.module is not None
            for alias in node.names:
                below = (PACKAGE.parent / node.module.replace(".", "/") / alias.name).with_suffix("")
                is_module = below.with_suffix(".py").is_file() or below.is_dir()
                yield (f"{node.module}.{alias.name}" if is_module else node.module), node.lineno


def imported_rooms(path: Path) -> Iterator[tuple[str, int]]:
    for name, line in imported(path):
        parts = name.split(".")
        if parts[0] == PUBLIC:
            yield (parts[1] if len(parts) > 1 else PUBLIC), line


def test_every_room_has_its_storey() -> None:
    assert {room(path) for path in MODULES} - {PUBLIC} == set(STOREYS)
    assert len(set(STOREYS)) == len(STOREYS)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_imports_go_only_downstairs(path: Path) -> None:
    own = room(path)
    if own == PUBLIC:
        assert not list(imported_rooms(path))  # what it names is loaded when it is used
        return
    for other, line in imported_rooms(path):
        assert other != PUBLIC, f"{named(path)}:{line} comes in through the front door"
        assert STOREYS.index(other) <= STOREYS.index(own), f"{named(path)}:{line} goes upstairs to {other}"


def test_mechanisms_do_not_know_each_other() -> None:
    mechanisms = {path.parent.name for path in PACKAGE.glob("arrangements/*/rule.py")}
    assert len(mechanisms) >= 3
    for path in PACKAGE.glob("arrangements/*/*.py"):
        for name, line in imported(path):
            parts = name.split(".")
            if parts[:2] == ["simdce", "arrangements"] and len(parts) > 2 and parts[2] in mechanisms:
                assert parts[2] == path.parent.name, f"{named(path)}:{line}"


def test_only_the_kernel_imports_numba() -> None:
    for path in MODULES:
        for name, line in imported(path):
            if name.partition(".")[0] in {"numba", "llvmlite"}:
                assert room(path) == "kernel", f"{named(path)}:{line}"


def test_only_worlds_calls_the_kernel() -> None:
    callers = {room(path) for path in MODULES for other, _ in imported_rooms(path) if other == "kernel"}
    assert callers - {"kernel"} == {"worlds"}


def numbers(node: ast.AST) -> Iterator[ast.Constant]:
    """Numeric literals that are not the number of an axis."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword) and child.arg == "axis":
            continue
        if isinstance(child, ast.Constant) and type(child.value) in (int, float, complex):
            yield child
        yield from numbers(child)


RULES = sorted([*PACKAGE.glob("arrangements/*/rule.py"), PACKAGE / "tiers" / "rule.py"])


@pytest.mark.parametrize("path", RULES, ids=named)
def test_rules_hold_no_numbers(path: Path) -> None:
    for constant in numbers(tree(path)):
        assert constant.value in (0, 1), f"{named(path)}:{constant.lineno}: {constant.value} belongs in a TOML file"


@pytest.mark.parametrize("path", RULES, ids=named)
def test_rules_do_not_ask_for_the_year(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(19|20)\d\d\b", "\n".join(line.split("#")[0] for line in code_lines(text)))


def code_lines(text: str) -> list[str]:
    """Lines without docstrings, which may cite a year."""
    parsed = ast.parse(text)
    for node in ast.walk(parsed):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(parsed).splitlines()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.toml")), ids=named)
def test_every_number_has_unit_source_and_confidence(path: Path) -> None:
    written = read_toml(path)
    sections = ("terms", "benchmark", "repayment", "elections")
    is_arrangement = path.parent.parent.name == "arrangements"
    has_header = is_arrangement or path.parent.name == "tiers"
    tables = [written[name] for name in sections if name in written] if has_header else [written]
    found = 0
    for table in tables:
        for term in read_terms(table, path.name).values():
            for entry in term.entries:
                assert entry.unit
                assert entry.source
                assert entry.confidence in CONFIDENCES
                found += 1
    assert found or (is_arrangement and written["include"])


def test_every_number_says_what_it_is_in() -> None:
    assert all(term.entries for term in calibration.terms().values())
    for name in arrangements.names():
        for section, number, entry in arrangements.load(name).numbers():
            assert len(entry.unit) >= 4, (name, section, number)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_no_file_is_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    name = path.relative_to(PACKAGE).as_posix()
    if name in LONG_FILES:
        assert lines > MOST_LINES, f"{name} is short again: take it off the list"
    else:
        assert lines <= MOST_LINES, f"{name} has {lines} lines: split it, or give a reason here"


def defined(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public functions, classes and methods, not what stands inside functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            assert not isinstance(child, ast.AsyncFunctionDef)
            yield f"{prefix}{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from defined(child, f"{child.name}.")
        elif isinstance(child, ast.If | ast.Try):
            yield from defined(child, prefix)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_public_thing_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(tree(path)), f"{named(path)} does not say what it is"
    for name, node in defined(tree(path)):
        assert ast.get_docstring(node), f"{named(path)}: {name}"


BANNED_NAMES = re.compile(r"^(calc_|get_|compute_)|^(df|data|helper|utils?|manager)$|_pct$")


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_names_are_the_fields_own(path: Path) -> None:
    assert not BANNED_NAMES.search(path.stem)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
            if isinstance(node, ast.FunctionDef):
                names += [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names = [node.id]
        else:
            continue
        for name in names:
            overridden = {"get_command"}  # click's own name for what it calls
            assert name in overridden or not BANNED_NAMES.search(name), f"{named(path)}:{node.lineno}: {name}"


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, simdce; dir(simdce); simdce.__all__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "numba", "pandas", "scipy", "matplotlib", "pyarrow", "pydantic", "click", "rich"}


def test_every_public_name_exists() -> None:
    import simdce

    for name in simdce.__all__:
        found = getattr(simdce, name)
        assert found.__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = simdce.nothing


# Tracked files --------------------


@cache
def tracked() -> tuple[Path, ...]:
    """Files under version control; every file of the usual folders where there is no repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in listed.stdout.split("\0") if name] if listed.returncode == 0 else []
    found = [ROOT / name for name in names] or [path for path in ROOT.glob("*/**/*") if path.is_file()]
    return tuple(path for path in found if path.is_file())


MACHINE = re.compile(
    "|".join(
        [
            *(rf"(?<![\w.])/{folder}/[a-z]" for folder in ("home", "root", "work", "Users", "mnt", "opt")),
            r"[a-z]:\\\\?users",
            r"index-url",
            r"extra-index",
            r"https?://[^\s\"')]*(?:pypi|artifactory|nexus|devpi|pythonhosted|jfrog)",
        ]
    ),
    re.IGNORECASE,
)


def test_tracked_files_know_no_machine_and_no_package_index() -> None:
    for path in tracked():
        if path == Path(__file__) or path.suffix in {".png", ".parquet", ".pdf", ".gz"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            found = MACHINE.search(line)
            assert not found, f"{path.relative_to(ROOT)}:{number}: {found[0] if found else ''}"


def test_tracked_files_are_text_that_ends_in_a_line() -> None:
    for path in tracked():
        content = path.read_bytes()
        if path.suffix in {".py", ".toml", ".md", ".txt", ".html", ".css", ".js"} and content:
            assert b"\r" not in content, path
            assert content.endswith(b"\n"), path


def test_results_are_not_tracked() -> None:
    results = {"run.json", "results.parquet", "report.html"}
    assert not [path for path in tracked() if path.name in results and not path.is_relative_to(PACKAGE)]


# README --------------------

README = ROOT / "README.md"


def test_commands_of_the_readme_exist() -> None:
    from click.testing import CliRunner

    from simdce.cli import Commands, main

    text = README.read_text(encoding="utf-8")
    assert isinstance(main, Commands)
    commands = set(main.list_commands(None))  # type: ignore[arg-type]
    used = set(re.findall(r"`(?:\S*/)?simdce ([a-z][a-z-]*)", text))
    used |= {
        name
        for block in re.findall(r"```\n(.*?)```", text, re.DOTALL)
        for name in re.findall(r"simdce ([a-z][a-z-]*) ", block)
    }
    assert used
    assert used <= commands
    for name in used:
        options = set(re.findall(r"(--[a-z-]+)", CliRunner().invoke(main, [name, "--help"]).output))
        for line in re.findall(rf"simdce {name} ([^`\n|]*)", text):
            for option in re.findall(r"(--[a-z-]+)", line):
                assert option in options, f"simdce {name} has no {option}"


def test_files_of_the_readme_exist() -> None:
    text = README.read_text(encoding="utf-8")
    for name in set(re.findall(r"(?<![\w/])((?:scenarios|notebooks|tests|benchmarks|simdce)/[\w./-]*\w)", text)):
        assert (ROOT / name).exists() or (ROOT / name).with_suffix(".py").exists(), name
