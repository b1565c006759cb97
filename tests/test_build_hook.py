"""The build hook of an install: what it asks for, what it puts into a wheel, and that it never fails one."""

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bench.core import library
from firmware_stubs.reference_bms_c.recipe import HERE, LIBRARY, target

pytest.importorskip("hatchling")
ROOT = Path(__file__).parent.parent


@pytest.fixture
def hook_file(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delenv("BMS_HIL_CORE", raising=False)
    monkeypatch.delenv("CC", raising=False)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hook(module: ModuleType, told: list[str]) -> Any:
    app = SimpleNamespace(display_warning=told.append)
    return module.CoreBuildHook(str(ROOT), {}, None, None, "", "wheel", app)


def test_zig_is_asked_for_only_without_a_compiler_and_where_there_is_a_wheel(
    hook_file: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = hook(hook_file, [])
    monkeypatch.setattr(hook_file, "_on_index", lambda: True)
    monkeypatch.setattr("bench.c_library.compiler", lambda: ("cc",))
    assert one.dependencies() == []
    monkeypatch.setattr("bench.c_library.compiler", lambda: None)
    assert one.dependencies() == ["ziglang"]
    monkeypatch.setattr(hook_file, "_on_index", lambda: False)
    assert one.dependencies() == [], "asking for what is out of reach fails an install"
    monkeypatch.setattr(hook_file, "_on_index", lambda: True)
    monkeypatch.setenv("BMS_HIL_CORE", "python")
    assert one.dependencies() == []


def test_an_index_out_of_reach_has_no_zig(hook_file: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, "file:///nowhere/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert hook_file._on_index() is False


def test_a_wheel_holds_both_libraries_and_is_of_this_platform(hook_file: ModuleType) -> None:
    told: list[str] = []
    data: dict[str, Any] = {"force_include": {}}
    hook(hook_file, told).initialize("standard", data)
    if told:
        pytest.skip(f"no compiler here: {told}")
    (firmware, core) = map(Path, data["force_include"])
    assert firmware.name.startswith(target("reference", LIBRARY).key()) and firmware.parent == HERE / "build"
    assert core.name.startswith(library.target().key()) and core.parent == library.HERE / "build"
    for path, inside in data["force_include"].items():
        assert inside == Path(path).relative_to(ROOT).as_posix()
    assert data["pure_python"] is False and data["tag"].startswith("py3-none-") and "-any" not in data["tag"]


@pytest.mark.parametrize("version", ["standard", "editable"])
def test_no_failure_of_a_compiler_fails_an_install(
    hook_file: ModuleType, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    told: list[str] = []
    data: dict[str, Any] = {"force_include": {}}
    monkeypatch.setenv("CC", "false")
    hook(hook_file, told).initialize(version, data)
    assert data == {"force_include": {}}
    (line,) = told
    assert "false failed: nothing was said" in line and "firmware_stubs.build_c reference" in line

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("whatever")

    monkeypatch.setattr("bench.c_library.made", broken)
    hook(hook_file, told).initialize(version, data)
    assert data == {"force_include": {}} and "whatever" in told[1]


def test_nothing_is_built_where_python_is_asked_for(
    hook_file: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BMS_HIL_CORE", "python")
    data: dict[str, Any] = {"force_include": {}}
    hook(hook_file, told := []).initialize("standard", data)
    assert data == {"force_include": {}} and not told
