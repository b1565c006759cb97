"""The file tree of the small virtual machine of `.ci/vcan`: this Python, the project, can-utils and nothing else.

    python3 .ci/vcan_image.py STAGE MODULES PROGRAM...

STAGE is an empty folder, MODULES the kernel's folder of modules, PROGRAM... what has to be there besides Python. The
distributions are those the project and its tests need, found by their metadata; shared libraries are found by ldd.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

PROJECT = "bms-hil-bench"
ROOTS = (PROJECT, "pytest", "pytest-timeout", "hypothesis")
FIRMWARE = (
    "reference",
    "late_overvoltage",
    "misses_weld",
    "misses_command_loss",
)  # as tests/test_vcan_bench.py asks
MODULES = ("can-dev", "vcan", "vxcan", "can", "can-raw", "can-bcm", "can-gw", "can-isotp", "slcan", "crc16")
LEFT_OUT = {
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "ensurepip",
    "site-packages",
    "lib2to3",
    "turtledemo",
    "pydoc_data",
}


def needed() -> list[metadata.Distribution]:
    """The roots and what they require, extras and other platforms' requirements left out."""
    found: dict[str, metadata.Distribution] = {}
    waiting = list(ROOTS)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # another platform's; what is truly missing shows when it is imported
        for line in found[name].requires or ():
            requirement, _, marker = line.partition(";")
            if "extra" not in marker:
                waiting.append(re.split(r"[^A-Za-z0-9._-]", requirement.strip())[0])
    return list(found.values())


def libraries(program: Path) -> set[Path]:
    """What ldd names; empty for a static program or a script."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return {Path(name) for name in re.findall(r"(/\S+) \(0x", done.stdout)}


def place(stage: Path, source: Path, at: Path | None = None) -> None:
    target = stage / str(at if at is not None else source).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy2(source, target)


def place_python(stage: Path) -> set[Path]:
    """Interpreter and standard library at their own paths. Returns the shared libraries all of it needs."""
    base = Path(sys.base_prefix)
    binary = Path(os.path.realpath(sys.executable))
    place(stage, binary)
    (stage / "bin").mkdir(exist_ok=True)
    (stage / "bin/python3").symlink_to(binary)
    standard = Path(sysconfig.get_path("stdlib", vars={"base": str(base), "installed_base": str(base)}))
    shutil.copytree(
        standard,
        stage / str(standard).lstrip("/"),
        ignore=lambda _, names: [
            n for n in names if n in LEFT_OUT or n.endswith((".a", ".opt-2.pyc", ".opt-1.pyc"))
        ],
        dirs_exist_ok=True,
    )
    found = libraries(binary)
    for extension in standard.rglob("lib-dynload/*.so"):
        found |= libraries(extension)
    return found


def place_distributions(stage: Path) -> set[Path]:
    """Everything flat in /site; the project's own distribution gives its entry points only."""
    found: set[Path] = set()
    for distribution in needed():
        for file in distribution.files or ():
            if ".." in file.parts or {"tests", "test"} & set(file.parts) or file.suffix == ".pth":
                continue
            source = Path(str(distribution.locate_file(file)))
            if source.is_file():
                place(stage, source, Path("/site") / file)
                if ".so" in file.name:
                    found |= libraries(source)
    return found


def place_project(stage: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if Path(name).is_file() and not name.startswith((".ci", ".git", "docs/")):
            place(stage, Path(name).resolve(), Path("/project") / name)
    for name in Path("docs/benches").glob("*.toml"):
        place(stage, name.resolve(), Path("/project") / name)
    place_firmware(stage)


def place_firmware(stage: Path) -> None:
    """The firmware in C as this machine's compiler builds it; the guest has no compiler, and finds it built."""
    from firmware_stubs.reference_bms.limits import Limits
    from firmware_stubs.reference_bms_c import compile as c

    if c.compiler() is None:
        return
    nmc = Path("bench/plant/chemistries/nmc.toml")
    for build in FIRMWARE:
        for built in (c.build(build, "library"), c.build(build, "process", limits=Limits.from_toml(nmc))):
            place(stage, built, Path("/project") / built.resolve().relative_to(Path.cwd()))
        (stage / "bin").mkdir(exist_ok=True)
        stub = stage / "bin/cc"
        stub.write_text("#!/bin/sh\nexit 1\n")  # its name is part of what a build is found by
        stub.chmod(0o755)


def main() -> None:
    stage, modules, *programs = map(Path, sys.argv[1:])
    shared = place_python(stage) | place_distributions(stage)
    place_project(stage)
    for program in programs:
        place(stage, program, Path("/bin") / program.name)
        shared |= libraries(program)
    for library in shared:
        place(stage, library)
    for name in MODULES:
        for module in modules.rglob(f"{name}.ko*"):
            place(stage, module, Path("/modules") / module.name)
    compiled = [
        sys.executable,
        "-m",
        "compileall",
        "-q",
        "-j2",
        "-s",
        str(stage),
        "--invalidation-mode",
        "unchecked-hash",
    ]
    subprocess.run(
        [*compiled, str(stage / "site"), str(stage / "project")], check=False, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    main()
