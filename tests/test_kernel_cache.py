"""Kept machine code: used only whole, current and private; replaced where damaged; never an error, only slower."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import reference
from conftest import INTERPRETED, scenario_of

from simdce.kernel import cache, machine_code
from simdce.worlds import MEASURED, simulate

if INTERPRETED:
    pytest.skip("interpreted code is not kept", allow_module_level=True)

from simdce.kernel import panel

YEARS = {"baseline": 1, "gap": 0, "performance": 1}
PROCESSOR = "any"

PROCESS = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from simdce.scenario import build_scenario
from simdce.worlds import simulate
scenario = build_scenario({{
    "title": "test", "worlds": 100, "years": {YEARS!r}, "panel": {{"sizes": [100], "price_year": 2019}},
    "benchmark": {{"weights": [1.0]}}, "arrangements": [{{"name": "mssp_basic_e"}}],
}}).model_copy(update={{"worlds": 3}})
print(simulate(scenario).digest, "numba" in sys.modules)
"""


@pytest.fixture(scope="module")
def compiled() -> Any:
    """Compiled once for all tests of this page."""
    return panel.compiled(2, MEASURED)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    chosen = tmp_path / "kernels"
    monkeypatch.setenv("SIMDCE_CACHE_DIR", str(chosen))
    return chosen


@pytest.fixture(autouse=True)
def the_plain_loop(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is kept of it takes numba to make again; vectors are kept alike, see test_vector.py."""
    monkeypatch.setenv("SIMDCE_KERNEL", "plain loop")
    yield
    machine_code.kernel.cache_clear()


@pytest.fixture
def compilations(compiled: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that a kernel had to be compiled."""
    found: list[int] = []

    def once_more(years: int, measures: tuple[str, ...]) -> Any:
        assert (years, measures) == (2, MEASURED)
        found.append(years)
        return compiled

    monkeypatch.setattr(panel, "compiled", once_more)
    return found


def digest() -> str:
    """Of three worlds, by a kernel that this process does not remember."""
    machine_code.kernel.cache_clear()
    return simulate(scenario_of(3, years=YEARS)).digest


def process(**environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(running: subprocess.Popen[str]) -> tuple[str, bool]:
    """The digest, and whether numba was loaded; nothing may be complained of."""
    out, err = running.communicate(timeout=300)
    assert (running.returncode, err) == (0, "")
    found, loaded = out.split()
    return found, loaded == "True"


# ------------------------------------------------------------------------------------------------ the same worlds


def test_kept_code_gives_the_worlds_of_the_reference(folder: Path, compilations: list[int]) -> None:
    first = digest()
    assert compilations == [2]
    assert digest() == first
    assert compilations == [2]  # the second came from the file
    scenario = scenario_of(3, years=YEARS)
    for name, total in reference.panel_totals(scenario).items():
        if name in MEASURED:
            assert (getattr(simulate(scenario), name) == total).all()


def test_two_processes_at_once_and_a_third_without_numba(folder: Path) -> None:
    both = [process(), process()]
    assert [said(each) for each in both] == [(digest(), True)] * 2
    kept = list(folder.iterdir())
    assert [file.suffix for file in kept] == [".kernel"]
    assert said(process()) == (digest(), False)


def test_without_a_compiler_nothing_is_kept(folder: Path) -> None:
    assert said(process(NUMBA_DISABLE_JIT="1"))[0] == digest()
    assert len(list(folder.iterdir())) == 1  # that of digest()


def test_another_processor_has_another_kernel(folder: Path) -> None:
    expected = digest()
    assert said(process(NUMBA_CPU_NAME="generic")) == (expected, True)
    assert said(process(NUMBA_CPU_NAME="generic")) == (expected, False)
    assert len(list(folder.iterdir())) == 2


# ------------------------------------------------------------------------------------------------ damage

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "checksum cut short": lambda content: content[:20],
    "code missing": lambda content: content[:32],
    "code cut short": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"garbage" * 5000,
    "garbage for a checksum": lambda content: bytes(32) + content[32:],
    "garbage for code": lambda content: content[:32] + b"\x7fELF" * 5000,
    "one bit of the code": lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
    "something appended": lambda content: content + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_replaced(damage: str, folder: Path, compilations: list[int]) -> None:
    expected = digest()
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(DAMAGES[damage](whole))
    assert digest() == expected
    assert len(compilations) == 2
    assert cache.kept(file.name) == whole[32:]
    assert digest() == expected
    assert len(compilations) == 2


def test_code_kept_under_another_name_is_not_used(folder: Path) -> None:
    cache.keep("one.kernel", b"code")
    (folder / "one.kernel").rename(folder / "two.kernel")
    assert cache.kept("two.kernel") is None
    assert cache.kept("one.kernel") is None


def test_code_that_cannot_be_loaded_is_compiled_again(
    folder: Path, compilations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = digest()

    def refused(code: bytes) -> int:
        raise RuntimeError("not by this loader")

    monkeypatch.setattr(machine_code, "_loaded", refused)
    assert digest() == expected
    assert len(compilations) == 2


def test_code_that_calls_numba_is_not_kept() -> None:
    class CallsHelpers:
        native_name = "f"

        def inspect_llvm(self) -> str:
            return "declare void @NRT_Free(ptr)\ndefine void @f() {\n  call void @NRT_Free(ptr null)\n  ret void\n}\n"

    with pytest.raises(ValueError, match="NRT_Free"):
        machine_code._self_contained(CallsHelpers())


# ------------------------------------------------------------------------------------------------ names


def test_whatever_the_code_depends_on_gives_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [cache.name_of(2, MEASURED, PROCESSOR)]
    assert cache.name_of(2, MEASURED, PROCESSOR) == names[0]
    names += [cache.name_of(3, MEASURED, PROCESSOR), cache.name_of(2, MEASURED[:-1], PROCESSOR)]
    names.append(cache.name_of(2, MEASURED, "another"))
    for library in ("numba", "llvmlite", "numpy"):
        with monkeypatch.context() as patched:
            patched.setattr(cache, "version", lambda name, new=library: "0" if name == new else "1")
            names.append(cache.name_of(2, MEASURED, PROCESSOR))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "version", "4.0")
        names.append(cache.name_of(2, MEASURED, PROCESSOR))
    with monkeypatch.context() as patched:
        patched.setenv("NUMBA_OPT", "1")
        names.append(cache.name_of(2, MEASURED, PROCESSOR))
    (tmp_path / ".numba_config.yaml").write_text("opt: 1\n")
    names.append(cache.name_of(2, MEASURED, PROCESSOR))
    assert len(set(names)) == len(names)


def test_a_changed_source_gives_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = cache.sources()
    room = Path(cache.__file__).parents[1]
    used = {
        f"kernel/{name}.py"
        for name in ("compiled_words", "machine_code", "panel", "person_year", "tables", "vector", "words")
    }
    assert used | {"slot_law/layout.py"} <= {path.relative_to(room).as_posix() for path in found}
    before = cache.name_of(2, MEASURED, PROCESSOR)
    for number, path in enumerate(found):
        changed = tmp_path / path.name
        changed.write_bytes(path.read_bytes() + b"#")
        monkeypatch.setattr(cache, "sources", lambda n=number, c=changed: [*found[:n], c, *found[n + 1 :]])
        assert cache.name_of(2, MEASURED, PROCESSOR) != before


# ------------------------------------------------------------------------------------------------ whose folder


def test_the_folder_is_private(folder: Path) -> None:
    cache.keep("one.kernel", b"code")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "one.kernel").stat().st_mode & 0o777 == 0o600
    assert cache.kept("one.kernel") == b"code"


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_folder_that_others_may_write_to_is_left_alone(mode: int, folder: Path) -> None:
    cache.keep("one.kernel", b"code")
    folder.chmod(mode)
    assert cache.kept("one.kernel") is None
    cache.keep("two.kernel", b"code")
    assert [file.name for file in folder.iterdir()] == ["one.kernel"]


def test_a_file_that_others_may_write_to_is_replaced(folder: Path) -> None:
    cache.keep("one.kernel", b"code")
    (folder / "one.kernel").chmod(0o666)
    assert cache.kept("one.kernel") is None
    cache.keep("one.kernel", b"code")
    assert cache.kept("one.kernel") == b"code"


def test_links_are_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.keep("one.kernel", b"code")
    (folder / "one.kernel").rename(folder.parent / "elsewhere")
    (folder / "one.kernel").symlink_to(folder.parent / "elsewhere")
    assert cache.kept("one.kernel") is None
    linked = folder.parent / "linked"
    linked.symlink_to(folder)
    monkeypatch.setenv("SIMDCE_CACHE_DIR", str(linked))
    cache.keep("two.kernel", b"code")
    assert not (folder / "two.kernel").exists()


def test_what_is_no_file_is_no_kernel(folder: Path) -> None:
    cache.keep("one.kernel", b"code")
    os.mkfifo(folder / "pipe.kernel")
    (folder / "folder.kernel").mkdir()
    assert cache.kept("pipe.kernel") is None
    assert cache.kept("folder.kernel") is None
    cache.keep("folder.kernel", b"code")  # a folder stands in the way


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_what_belongs_to_somebody_else_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.keep("one.kernel", b"code")
    os.chown(folder / "one.kernel", 12345, -1)
    assert cache.kept("one.kernel") is None
    cache.keep("one.kernel", b"code")
    os.chown(folder, 12345, -1)
    assert cache.kept("one.kernel") is None
    os.chown(folder, 0, -1)
    assert cache.kept("one.kernel") == b"code"
    through = folder.parent / "through"
    through.symlink_to(folder.parent)
    monkeypatch.setenv("SIMDCE_CACHE_DIR", str(through / folder.name))
    assert cache.kept("one.kernel") == b"code"
    os.chown(through, 12345, -1, follow_symlinks=False)
    assert cache.kept("one.kernel") is None


# ------------------------------------------------------------------------------------------------ where, and how much


def test_where_kernels_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMDCE_CACHE_DIR", "here")
    assert cache.place() == Path("here").absolute()
    monkeypatch.delenv("SIMDCE_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache.place() == tmp_path / "caches" / "simdce"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.place() == tmp_path / ".cache" / "simdce"
    monkeypatch.setenv("HOME", "relative")
    assert cache.place() is None


@pytest.mark.parametrize("off", ["", "off"])
def test_switched_off(off: str, monkeypatch: pytest.MonkeyPatch, compilations: list[int]) -> None:
    monkeypatch.setenv("SIMDCE_CACHE_DIR", off)
    assert cache.place() is None
    assert digest() == digest()
    assert len(compilations) == 2


@pytest.mark.parametrize("nowhere", ["file/kernels", "/proc/kernels", "n" * 300])
def test_where_nothing_can_be_kept_there_is_no_error(
    nowhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compilations: list[int]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIMDCE_CACHE_DIR", str(tmp_path / nowhere))
    assert digest() == digest()
    assert len(compilations) == 2


def test_no_home_and_no_space_are_no_errors(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compilations: list[int]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        digest()
    assert list(folder.iterdir()) == []
    monkeypatch.delenv("SIMDCE_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    digest()
    assert len(compilations) == 2
    assert not (tmp_path / "gone").exists()


def test_the_oldest_make_room(folder: Path) -> None:
    cache.keep("first.kernel", b"code")
    (folder / "left by a killed process.new").touch()
    (folder / "notes.txt").touch()
    for age, file in enumerate(sorted(folder.iterdir())):
        os.utime(file, (age, age))
    for number in range(cache.MOST_FILES):
        cache.keep(f"{number}.kernel", b"code")
    found = {file.name for file in folder.iterdir()}
    assert found == {f"{number}.kernel" for number in range(cache.MOST_FILES)} | {"notes.txt"}
