"""The command line, used and abused: results whole or not at all, one line for every mistake, never a traceback."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from math import isnan
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from conftest import INTERPRETED, sized

from simdce.cli import main
from simdce.errors import InputError
from simdce.files import writable_folder, write_all, write_whole
from simdce.metrics import Estimate
from simdce.output import json_document, save
from simdce.report import report_page
from simdce.results import COLUMNS, DIFFERENCES, METRICS
from simdce.run import answer
from simdce.scenario import build_scenario, read_scenario
from simdce.wording import money, people, percent, with_error

START = "from simdce.cli import main; main()"
FILES = {"results.parquet", "comparison.parquet", "report.html", "run.json"}
SIZES = sized((1_000, 5_000), (100, 200))
SMALL = f"""
title = "[/bold] two [red]sizes[/red] :smile: =cmd <script>alert(1)</script>"
worlds = 200
seed = 5
[panel]
sizes = {list(SIZES)}
[years]
baseline = 1
performance = 3
[benchmark]
weights = [1.0]
[[arrangements]]
name = "mssp_track_1"
label = "[/b] <b>one-sided</b>"
[[arrangements]]
name = "mssp_enhanced"
[[arrangements]]
name = "pgp_demonstration"
"""


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)


def process(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    given: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 120, **options}
    return subprocess.run([sys.executable, "-W", "error", "-c", START, *map(str, arguments)], **given)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One run with all outputs, shared: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "small.toml").write_text(SMALL)
    result = invoke("run", folder / "small.toml", "--out", folder / "out")
    assert result.exit_code == 0, result.output
    return folder / "out", result.stdout


def one_line(result: Result | subprocess.CompletedProcess[str], code: int = 2) -> str:
    returned = result.exit_code if isinstance(result, Result) else result.returncode
    assert returned == code, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("simdce: ")
    return result.stderr.strip()


# What a run leaves --------------------


def test_a_run_leaves_four_files_and_nothing_else(finished: tuple[Path, str]) -> None:
    folder, printed = finished
    assert {path.name for path in folder.iterdir()} == FILES
    record = json.loads((folder / "run.json").read_text())
    for name, digest in record["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert set(record["files"]) == FILES - {"run.json"}
    assert printed.rstrip().endswith(f"Wrote results.parquet, comparison.parquet, report.html, run.json to {folder}")
    assert all((path.stat().st_mode & 0o777) == 0o644 for path in folder.iterdir())


def test_the_table_holds_every_metric_of_every_place(finished: tuple[Path, str]) -> None:
    table = pq.read_table(finished[0] / "results.parquet")
    assert tuple(table.column_names) == COLUMNS
    estimates = table.to_pylist()
    assert len(estimates) == 3 * len(SIZES) * 4 * len(METRICS)
    assert {each["metric"] for each in estimates} == set(METRICS)
    assert {each["performance_year"] for each in estimates} == {"PY1", "PY2", "PY3", "agreement"}
    stamp = json.loads(table.schema.metadata[b"simdce"])
    assert stamp["seed"] == 5
    assert stamp["worlds"] == 200


def test_the_comparison_holds_every_pair(finished: tuple[Path, str]) -> None:
    table = pq.read_table(finished[0] / "comparison.parquet")
    assert tuple(table.column_names) == (COLUMNS[0], "against", *COLUMNS[1:])
    rows = table.to_pylist()
    assert len(rows) == 3 * len(SIZES) * 4 * len(DIFFERENCES)  # three arrangements make three pairs
    assert json.loads(table.schema.metadata[b"simdce"])["seed"] == 5
    record = json.loads((finished[0] / "run.json").read_text())
    assert set(DIFFERENCES) < set(record["metrics"])
    assert record["comparison"]["against"] == rows[0]["against"]
    assert len(record["comparison"]["break_even"]) == 3 + 3  # each alone, and every pair
    assert len(record["comparison"]["break_even_by_rule"]) == 3


def test_a_single_arrangement_is_compared_with_nothing(tmp_path: Path) -> None:
    one = {"title": "alone", "worlds": 100, "panel": {"sizes": [500]}, "arrangements": [{"name": "mssp_basic_e"}]}
    answers = answer(build_scenario(one))
    assert answers.comparison is None
    assert "Side by side" not in report_page(answers)
    assert json.loads(json_document(answers))["differences"] == []
    assert json.loads(json_document(answers))["comparison"] is None
    save(answers, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES - {"comparison.parquet"}


def test_markup_in_a_title_is_text(finished: tuple[Path, str]) -> None:
    folder, printed = finished
    assert "[/bold] two [red]sizes[/red] :smile: =cmd" in printed
    assert "[/b] <b>one-sided</b>" in printed
    page = (folder / "report.html").read_text()
    assert "<script>alert" not in page
    assert "<b>one-sided" not in page


def test_tables_name_every_arrangement_and_size(finished: tuple[Path, str]) -> None:
    _, printed = finished
    for size in SIZES:
        assert f"{size:,} people" in printed
    assert "pgp_demonstration" in printed
    assert "±" in printed
    assert "nan" not in printed.split()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("json")
    (folder / "small.toml").write_text(SMALL)
    result = invoke("run", folder / "small.toml", "--out", folder / "out", "--json", "--threads", 1)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_the_json_document(document: Any, finished: tuple[Path, str]) -> None:
    assert document["scenario"].startswith("[/bold] two")
    assert len(document["digest"]) == 64
    assert document["seed"] == 5
    estimates = document["estimates"]
    assert all(tuple(each) == COLUMNS for each in estimates)
    assert {each["panel_size"] for each in estimates} == set(SIZES)
    unknown = [each for each in estimates if each["value"] is None]
    few = {each["metric"] for each in unknown} - {"mean_earned_if_paid", "mean_owed_if_owing"}
    assert all(metric.endswith(("p0.5", "99.5")) for metric in few)  # one world in 200 is beyond these
    assert any(each["arrangement"] == "pgp_demonstration" for each in unknown)  # never owes: null, not NaN
    assert {"viability", "repayment", "cautions"} <= set(document)
    # the same figures as the table, whatever the number of threads
    table = pq.read_table(finished[0] / "results.parquet").to_pylist()
    assert estimates == [
        {key: None if isinstance(part, float) and isnan(part) else part for key, part in each.items()} for each in table
    ]


def test_the_same_bits_for_one_and_two_threads(document: Any, scenario: Path, tmp_path: Path) -> None:
    result = invoke("run", scenario, "--out", tmp_path / "out", "--json", "--threads", 2)
    assert json.loads(result.stdout) == document


def test_worlds_and_seed_replace_those_of_the_scenario(document: Any, scenario: Path, tmp_path: Path) -> None:
    result = invoke("run", scenario, "--out", tmp_path / "out", "--json", "--worlds", 100, "--seed", 6)
    found = json.loads(result.stdout)
    assert (found["worlds"], found["seed"]) == (100, 6)
    assert found["digest"] != document["digest"]
    assert found["scenario_digest"] == read_scenario(scenario, {"worlds": 100, "seed": 6}).digest


@pytest.mark.skipif(INTERPRETED, reason="takes the exact laws of every size")
def test_controls_are_taken_unless_declined_and_told(document: Any, scenario: Path, tmp_path: Path) -> None:
    result = invoke("run", scenario, "--out", tmp_path / "out", "--json", "--uncontrolled")
    found = json.loads(result.stdout)
    assert found["digest"] == document["digest"]
    assert {each["panel_size"] for each in document["variance_saved"]} == set(SIZES)
    assert "variance_saved" not in found


def test_without_out_the_folder_bears_the_scenarios_name(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert invoke("run", scenario, "--worlds", 100).exit_code == 0
    assert {path.name for path in (tmp_path / "elsewhere" / "small-results").iterdir()} == FILES


def test_an_empty_out_is_the_default_and_not_this_folder(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke("run", scenario, "--out", "", "--worlds", 100).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"small.toml", "small-results"}


def test_a_second_run_replaces_the_first(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for seed in (1, 2):
        assert invoke("run", scenario, "--out", out, "--worlds", 100, "--seed", seed).exit_code == 0
        assert json.loads((out / "run.json").read_text())["seed"] == seed
    assert {path.name for path in out.iterdir()} == FILES


# Where results cannot go --------------------


def test_an_output_folder_that_is_a_file(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    assert one_line(invoke("run", scenario, "--out", tmp_path / "out")).endswith("is a file, results need a folder")
    assert (tmp_path / "out").read_text() == "mine"
    assert "cannot be written to" in one_line(invoke("run", scenario, "--out", tmp_path / "out" / "below"))


def test_an_output_folder_that_is_a_link_to_nothing(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    assert one_line(invoke("run", scenario, "--out", tmp_path / "out")).endswith("is a link to nothing")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", sorted(FILES))
def test_results_are_not_written_through_links(scenario: Path, tmp_path: Path, name: str) -> None:
    out, target = tmp_path / "out", tmp_path / "precious"
    out.mkdir()
    target.write_text("mine")
    (out / name).symlink_to(target)
    assert "is a link" in one_line(invoke("run", scenario, "--out", out, "--worlds", 100))
    assert target.read_text() == "mine"
    assert [path.name for path in out.iterdir()] == [name]  # nothing else, not even half a file


def test_a_link_to_a_folder_is_that_folder(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    assert invoke("run", scenario, "--out", tmp_path / "out", "--worlds", 100).exit_code == 0
    assert {path.name for path in (tmp_path / "real").iterdir()} == FILES


def test_a_folder_in_the_place_of_a_result(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "run.json").mkdir(parents=True)
    assert "is a folder where a file belongs" in one_line(invoke("run", scenario, "--out", tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run.json"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_an_output_folder_without_permission(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    assert "cannot be written to" in one_line(invoke("run", scenario, "--out", tmp_path / "out"))


def test_no_output_folder_is_made_for_a_bad_scenario(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SMALL.replace("seed = 5", "seed = -5"))
    assert "s.toml: seed: out of range (got -5)" in one_line(
        invoke("run", tmp_path / "s.toml", "--out", tmp_path / "out")
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [("replay", "--rows"), ("rebase", "--rows"), ("import-aco", "--aco", "A1", "--year", "2024", "--output")],
)
def test_no_output_replaces_what_it_is_made_of(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    path, detour = tmp_path / "PY2024.csv", tmp_path / "elsewhere" / ".." / "PY2024.csv"
    path.write_text("published,figures\n")
    told = one_line(invoke(*words, str(detour), str(path)))
    assert told.endswith("PY2024.csv: would replace the file that it is made of")
    assert path.read_text() == "published,figures\n"


def test_several_files_are_written_or_none(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", b"old")
    (tmp_path / "c").symlink_to(tmp_path / "a")
    with pytest.raises(InputError, match="is a link"):
        write_all({tmp_path / "a": b"new", tmp_path / "b": b"new", tmp_path / "c": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"a", "c"}
    with pytest.raises(InputError, match="cannot be written: No such file"):
        write_all({tmp_path / "a": b"new", tmp_path / "gone" / "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
    write_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new", "b": b"new", "c": b"new"}
    assert writable_folder(tmp_path / "deep" / "er").is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, sys, pathlib; from simdce.files import write_all; from simdce.errors import InputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "try: write_all({folder / 'a': b'x', folder / 'b': b'x' * 5000})\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / 'b'}: cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


# Mistakes --------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "missing.toml"), "simdce: missing.toml: cannot be read: No such file or directory"),
        (("check", "missing.toml"), "simdce: missing.toml: cannot be read: No such file or directory"),
        (("check", "."), "simdce: .: cannot be read: Is a directory"),
        (("arrangements", "mssp_enhancd"), "did you mean 'mssp_enhanced'?"),
        (("run", "bad.toml"), "simdce: bad.toml: is not valid TOML: "),
        (("check", "a\nb.toml"), "simdce: a b.toml: cannot be read"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_mistake_gets_one_line_and_exit_code_2(
    arguments: tuple[str, ...], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text("a = [")
    assert expected in one_line(invoke(*arguments))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.toml"]


def test_a_mistake_as_a_process(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(SMALL.replace("seed = 5", "sead = 5"))
    done = process("run", path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [("run",), ("run", "a", "b"), ("rum", "a"), ("run", "a", "--worlds", "few")])
def test_wrong_usage_exits_with_2_and_says_how(arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_only_the_tables_can_refuse_is_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SMALL + "\n[turnover]\ndecedent_cost_multiple = 1e6\n")
    assert one_line(invoke("run", tmp_path / "s.toml", "--out", tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


# Interrupted, or nobody listening --------------------


@pytest.mark.skipif(os.name == "nt" or INTERPRETED, reason="signals; and interpreted work cannot be cut so finely")
def test_an_interrupted_run_stops_early_and_writes_no_results(tmp_path: Path) -> None:
    path, out = tmp_path / "long.toml", tmp_path / "out"
    long = SMALL.replace("worlds = 200", "worlds = 20000").replace(str(list(SIZES)), "[500000]")
    path.write_text(long.replace("performance = 3", "performance = 1"))  # two years are compiled in a second
    command = [sys.executable, "-c", START, "run", str(path), "--out", str(out), "--threads", "1"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not out.exists():
        assert running.poll() is None
        time.sleep(0.02)
    time.sleep(3.5)  # past imports, tables and compilation, a minute from the end
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    printed, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert printed == ""
    assert "simdce: interrupted; " in said.splitlines()[-1]
    assert not out.exists() or {path.name for path in out.iterdir()} <= {"unfinished.npz"}


@pytest.mark.skipif(os.name == "nt", reason="pipes")
@pytest.mark.parametrize(
    "arguments", [("schema",), ("arrangements",), ("arrangements", "mssp_enhanced"), ("check", "s.toml")]
)
def test_a_closed_pipe_is_no_error_of_ours(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SMALL)
    reading, writing = os.pipe()
    os.close(reading)  # nobody listens at all: the first line already breaks
    with os.fdopen(writing, "wb") as pipe:
        done = process(*arguments, cwd=tmp_path, stdout=pipe, stderr=subprocess.PIPE, capture_output=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_behind_standard_output_is_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = process("schema", cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 2
    assert done.stderr == "simdce: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_an_encoding_without_our_characters_loses_no_minus(encoding: str, scenario: Path) -> None:
    code = (
        "import sys, click; from simdce.cli import main\n"
        "@main.command('minus')\n"
        "def minus(): click.echo('\\u2212$5k \\u00b1 1k, 2021\\u20132026, \\u65e5')\n"
        "main.get_command = lambda context, name: minus\n"
        "main(['minus'])"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    if encoding != "ascii":  # which click takes for a mistake, and writes UTF-8
        dash = "–" if encoding == "cp1252" else "-"
        assert done.stdout.decode(encoding).strip() == f"-$5k ± 1k, 2021{dash}2026, ?"
    listed = process("arrangements", env=environment, text=False)
    assert listed.returncode == 0
    assert b"2021" in listed.stdout
    checked = process("check", scenario, env=environment, text=False)
    assert checked.returncode == 0


# Starting up --------------------

HEAVY = {"numba", "pandas", "matplotlib", "scipy", "pyarrow", "llvmlite"}


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


def test_help_loads_nothing_heavy() -> None:
    help_page = "from simdce.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    found = loaded_by(help_page)
    assert not found & (HEAVY | {"numpy", "pydantic", "rich", "jinja2"})
    assert "click" in found


@pytest.mark.parametrize("command", [["run", "--help"], ["arrangements", "--json"], ["schema"]])
def test_small_commands_load_nothing_heavy(command: list[str]) -> None:
    found = loaded_by(f"from simdce.cli import main\ntry: main({command})\nexcept SystemExit: pass")
    assert not found & HEAVY


def test_check_loads_nothing_heavy(scenario: Path) -> None:
    found = loaded_by(f"from simdce.cli import main\ntry: main(['check', {str(scenario)!r}])\nexcept SystemExit: pass")
    assert not found & HEAVY


def test_every_command_has_help() -> None:
    listed = invoke("--help").stdout
    for name in ("run", "check", "arrangements", "settle", "schema"):
        assert f"  {name} " in listed
        page = invoke(name, "--help")
        assert page.exit_code == 0
        assert page.stdout.startswith("Usage: ")
    assert "version" in invoke("--version").stdout


# Figures in words --------------------


@pytest.mark.parametrize(
    ("dollars", "error", "expected"),
    [
        (0.0, 0.0, "$0"),
        (-0.4, 0.0, "$0"),
        (1_234_567.0, 0.0, "$1.23M"),
        (-480_000.0, 0.0, "−$480k"),
        (999_999.0, 0.0, "$1.00M"),
        (1_249_000.0, 400_000.0, "$1.2M"),
        (12_345_678_901.0, 0.0, "$12.3B"),
        (87.0, 0.0, "$87"),
        (float("nan"), 1.0, "–"),
        (1e6, float("nan"), "$1.00M"),
        (5.0, 5e-324, "$5"),
    ],
)
def test_money_is_no_finer_than_its_error(dollars: float, error: float, expected: str) -> None:
    assert money(dollars, error) == expected


@pytest.mark.parametrize(
    ("share", "error", "expected"),
    [
        (0.2614, 0.0004, "26.1%"),
        (0.2614, 0.01, "26%"),
        (-0.0214, 0.0, "−2.1%"),
        (-0.0001, 0.0, "0.0%"),
        (1.0, 0.2, "100%"),
    ],
)
def test_percentages_are_no_finer_than_their_error(share: float, error: float, expected: str) -> None:
    assert percent(share, error) == expected


def test_an_error_is_never_shown_as_nothing() -> None:
    assert with_error(Estimate(0.2614, 0.0004), "probability") == "26.1% ± 0.04%"
    assert with_error(Estimate(0.2614, 0.0123), "probability") == "26% ± 1%"
    assert with_error(Estimate(1_234_567.0, 54_321.0), "dollars") == "$1.23M ± 50k"
    assert with_error(Estimate(float("nan"), float("nan")), "dollars") == "–"
    assert [people(count) for count in (0, 87, 1_234, 13_587.3)] == ["0", "87", "1,200", "14,000"]
