"""What a run is said to need, against the peak of a real one; what is refused, and with which advice."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import INTERPRETED, scenario_of

from benchmarks.resources import taken
from simdce import resources, worlds
from simdce.beside import helps
from simdce.cli import main
from simdce.resources import Speed, machine, memory, needs, size_text, time_text
from simdce.scenario import build_scenario, read_scenario
from simdce.worlds import MEASURED

TOLERANCE = 0.25
SPEED = Speed(1e-9, 5e-4)
FEW = {"title": "few", "worlds": 100, "panel": {"sizes": [1000], "price_year": 2024},
       "arrangements": [{"name": "mssp_basic_e"}]}  # fmt: skip
MANY = {"title": "many", "worlds": 20_000, "panel": {"sizes": [300, 500, 700, 1000, 1500, 2000], "price_year": 2024},
        "arrangements": [{"name": "mssp_basic_e"}, {"name": "mssp_enhanced"}]}  # fmt: skip
FILE = """title = "s"
worlds = {worlds}
panel = {{ sizes = [1000, 2000], price_year = 2024 }}
arrangements = [{{ name = "mssp_basic_e" }}]
"""


def toml(scenario: dict[str, Any]) -> str:
    """The few tables of these tests."""
    lines = []
    for key, value in scenario.items():
        tables = value if isinstance(value, list) else [value]
        if isinstance(tables[0], dict):
            inner = (", ".join(f"{name} = {json.dumps(each)}" for name, each in table.items()) for table in tables)
            written = [f"{{ {each} }}" for each in inner]
            lines.append(f"{key} = {written[0] if not isinstance(value, list) else '[' + ', '.join(written) + ']'}")
        else:
            lines.append(f"{key} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


@pytest.mark.skipif(sys.platform != "linux" or INTERPRETED, reason="peaks are known for compiled code on Linux")
@pytest.mark.parametrize("threads", [1, 2], ids=["one process", "two processes"])
@pytest.mark.parametrize("written", [FEW, MANY], ids=["few", "many"])
def test_the_peak_of_a_run_is_as_predicted(written: dict[str, Any], threads: int, tmp_path: Path) -> None:
    """Repeated peaks differ by 2%; the tolerance is what is promised."""
    (tmp_path / "s.toml").write_text(toml(written))
    peak, _ = taken(tmp_path / "s.toml", threads)
    assert memory(build_scenario(written), threads) == pytest.approx(peak, rel=TOLERANCE)


def test_totals_are_counted_to_the_byte() -> None:
    scenario = scenario_of(64, (2_000, 5_000))
    held = vars(worlds.simulate(scenario))
    assert resources._totals(scenario) == sum(held[name].nbytes for name in MEASURED)


def test_memory_does_not_grow_with_people() -> None:
    """Of runs that the second process takes part in alike."""
    small, large = (scenario_of(10_000, (size // 2, size)) for size in (20_000, 80_000))
    assert memory(large, 2) == pytest.approx(memory(small, 2), rel=0.05)


def test_memory_grows_with_worlds_as_their_arrays_do() -> None:
    found = [memory(scenario_of(count, (1_000, 2_000)), 1) for count in (200_000, 400_000, 600_000)]
    assert found[1] - found[0] == pytest.approx(found[2] - found[1], rel=1e-6)


def test_time_is_the_sum_of_its_stages_and_the_kernels_is_proportional_to_beneficiary_years() -> None:
    scenario = scenario_of(1_000, (1_000, 20_000))
    found = needs(scenario, SPEED, 1)
    assert found.time == pytest.approx(sum(found.seconds.values()))
    assert found.seconds["worlds"] == pytest.approx(1_000 * 20_000 * scenario.years.total * 1e-9)
    slow = needs(scenario, Speed(2e-9, 1e-3), 1)
    assert slow.time == pytest.approx(2 * found.time)


def test_words_for_sizes_and_times() -> None:
    assert [size_text(each) for each in (381e6, 994e6, 996e6, 12.34e9)] == ["380 MB", "990 MB", "1.0 GB", "12.3 GB"]
    assert [time_text(each) for each in (0.2, 12.4, 240, 9000)] == ["1 s", "12 s", "4 min", "2.5 h"]


# What is there --------------------


def system(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


MEMINFO = {"proc/meminfo": "MemTotal: 8000 kB\nMemAvailable:    4000 kB\n"}


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({}, 4000 * 1024),
        (
            {
                "proc/self/cgroup": "0::/job/run\n",
                "sys/fs/cgroup/job/run/memory.max": "max",
                "sys/fs/cgroup/job/run/memory.current": "10",
                "sys/fs/cgroup/job/memory.max": "1000000",
                "sys/fs/cgroup/job/memory.current": "400000",
                "sys/fs/cgroup/job/memory.stat": "anon 5\ninactive_file 50000\n",
            },
            650_000,
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/run\n1:cpu:/run\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "900000",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "100000",
                "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 1000\n",
            },
            801_000,
        ),
        (
            {
                "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/memory.max": "100",
                "sys/fs/cgroup/memory.current": "500",
                "sys/fs/cgroup/memory.stat": "",
            },
            0,
        ),
    ],
    ids=["system", "version 2", "version 1", "beyond"],
)
def test_the_narrowest_limit_counts(files: dict[str, str], left: int, tmp_path: Path) -> None:
    assert machine.available_memory(system(tmp_path, {**MEMINFO, **files})) == left


# At the command line --------------------


def invoke(folder: Path, *arguments: str, worlds: int = 100_000) -> Any:
    (folder / "s.toml").write_text(FILE.format(worlds=worlds))
    return CliRunner().invoke(main, [*arguments[:1], str(folder / "s.toml"), *arguments[1:]])


def test_what_does_not_fit_is_refused_with_what_does(tmp_path: Path) -> None:
    result = invoke(tmp_path, "run", "--out", str(tmp_path / "out"), "--memory", "0.4")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert " of memory, and 400 MB is allowed; it fits with --worlds " in line
    advised = int(line.split("--worlds ")[1].split()[0].rstrip(";"))
    written = build_scenario({**FEW, "panel": {"sizes": [1000, 2000], "price_year": 2024}})
    assert memory(written.model_copy(update={"worlds": advised}), os.cpu_count()) <= 0.4e9
    assert memory(written.model_copy(update={"worlds": advised + 200}), os.cpu_count()) > 0.4e9
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(not helps(2), reason="no second process to do without")
def test_a_single_process_is_advised_where_two_do_not_fit(tmp_path: Path) -> None:
    written = FILE.format(worlds=1000)
    (tmp_path / "s.toml").write_text(written)
    one, two = (memory(read_scenario(tmp_path / "s.toml"), threads) for threads in (1, 2))
    assert one < two
    allowed = ["--threads", "2", "--memory", str((one + two) / 2e9)]
    result = CliRunner().invoke(main, ["run", str(tmp_path / "s.toml"), "--out", str(tmp_path / "out"), *allowed])
    assert result.exit_code == 2
    assert "--threads 1; --memory allows more" in result.stderr


def test_where_nothing_fits_that_is_said(tmp_path: Path) -> None:
    result = invoke(tmp_path, "run", "--out", str(tmp_path / "out"), "--memory", "0.01")
    assert result.exit_code == 2
    assert "not even 100 worlds fit; --memory allows more" in result.stderr


def test_the_machines_own_memory_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simdce.cli import _needs

    monkeypatch.setattr(_needs, "available_memory", lambda: 10**8)
    result = invoke(tmp_path, "run", "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "100 MB is available" in result.stderr


def test_check_tells_what_a_run_takes(tmp_path: Path) -> None:
    assert "A run takes about " in invoke(tmp_path, "check").output
    found = json.loads(invoke(tmp_path, "check", "--slots", "--json").output)["needs"]
    assert found["memory"] > 10**8
    assert found["seconds"] > 0
