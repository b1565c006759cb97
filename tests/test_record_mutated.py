"""A sealed and signed run is mutated at random, by a seed: bytes, names, links, folders, shots of another run.

Whatever was done, `hil verify --key` does not say that the run is as it was written. The slow lane does it 600 times.
"""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from stored_run import a_run_of

from bench.errors import BenchError
from bench.record.chain import FOOTER, SIGNATURE
from bench.record.envelope import ENVELOPE
from bench.record.folder import verify_run
from bench.record.signature import check_signature, new_key, sign

Mutation = Callable[[Path, Path, random.Random], str | None]
"""Changes the run, with another one at hand; what it did, None where it could do nothing."""


def files(run: Path) -> list[Path]:
    return sorted(one for one in run.rglob("*") if one.is_file() and not one.is_symlink())


def folders(run: Path) -> list[Path]:
    return sorted(one for one in run.rglob("*") if one.is_dir() and not one.is_symlink())


def named(run: Path, *which: Path) -> str:
    return " and ".join(one.relative_to(run).as_posix() for one in which)


def some_file(run: Path, rng: random.Random) -> Path:
    """Those at the top as often as all the others: they are few and say most."""
    top = [one for one in files(run) if one.parent == run]
    return rng.choice(top if rng.random() < 0.5 else files(run))


def byte_flipped(run: Path, _: Path, rng: random.Random) -> str | None:
    file = some_file(run, rng)
    content = bytearray(file.read_bytes())
    if not content:
        return None
    at = rng.randrange(len(content))
    content[at] ^= 1 << rng.randrange(8)
    file.write_bytes(content)
    return f"{named(run, file)} at {at}"


def bytes_removed(run: Path, _: Path, rng: random.Random) -> str | None:
    file = some_file(run, rng)
    content = file.read_bytes()
    if not content:
        return None
    at = rng.randrange(len(content))
    file.write_bytes(content[:at] + content[at + rng.choice((1, 1, 7, 4096)) :])
    return f"{named(run, file)} at {at}"


def bytes_inserted(run: Path, _: Path, rng: random.Random) -> str | None:
    file = some_file(run, rng)
    content = file.read_bytes()
    at = rng.randint(0, len(content))
    more = rng.choice((b" ", b"\n", b"\0", b"\t\r\n", b"{}", rng.randbytes(4096)))
    file.write_bytes(content[:at] + more + content[at:])
    return f"{named(run, file)} at {at}: {more[:4]!r}"


def bytes_exchanged(run: Path, _: Path, rng: random.Random) -> str | None:
    """Two pieces of one file change places."""
    file = some_file(run, rng)
    content = file.read_bytes()
    if len(content) < 16:
        return None
    a, b = sorted(rng.sample(range(len(content) - 4), 2))
    changed = bytearray(content)
    changed[a : a + 4], changed[b : b + 4] = content[b : b + 4], content[a : a + 4]
    file.write_bytes(changed)
    return f"{named(run, file)}: {a} and {b}" if changed != content else None


def file_cut(run: Path, _: Path, rng: random.Random) -> str | None:
    file = some_file(run, rng)
    size = file.stat().st_size
    if size == 0:
        return None
    with file.open("r+b") as opened:
        opened.truncate(rng.choice((0, size // 2, size - 1)))
    return named(run, file)


def file_removed(run: Path, _: Path, rng: random.Random) -> str:
    file = some_file(run, rng)
    file.unlink()
    return named(run, file)


def file_renamed(run: Path, _: Path, rng: random.Random) -> str:
    file = some_file(run, rng)
    new = file.with_name(
        rng.choice((file.name.upper() + "x", file.name + " ", file.name + ".part", ".hidden"))
    )
    file.rename(new)
    return named(run, file, new)


def files_exchanged(run: Path, _: Path, rng: random.Random) -> str | None:
    first, second = rng.sample(files(run), 2)
    if first.read_bytes() == second.read_bytes():
        return None
    first.rename(run / "between")
    second.rename(first)
    (run / "between").rename(second)
    return named(run, first, second)


def file_added(run: Path, _: Path, rng: random.Random) -> str:
    name = rng.choice(("a.txt", ".git", "result.json.part", "shot-999", "-", "footer.json ", "Header.json"))
    new = rng.choice([run, *folders(run)]) / name
    new.write_bytes(rng.choice((b"", b"{}")))
    return named(run, new)


def folder_added(run: Path, _: Path, rng: random.Random) -> str:
    new = rng.choice([run, *folders(run)]) / "more"
    new.mkdir()
    return named(run, new)


def folder_removed(run: Path, _: Path, rng: random.Random) -> str:
    folder = rng.choice(folders(run))
    shutil.rmtree(folder)
    return named(run, folder)


def folder_renamed(run: Path, _: Path, rng: random.Random) -> str:
    folder = rng.choice(folders(run))
    folder.rename(folder.with_name(folder.name + "x"))
    return named(run, folder)


def relinked(run: Path, _: Path, rng: random.Random) -> str:
    """The very content, behind a link: it lies elsewhere, and can change there."""
    one = rng.choice([*folders(run), *files(run)])
    elsewhere = run.parent / "elsewhere"
    shutil.move(one, elsewhere)
    one.symlink_to(elsewhere)
    return named(run, one)


def link_added(run: Path, _: Path, rng: random.Random) -> str:
    new = rng.choice([run, *folders(run)]) / "link"
    new.symlink_to(rng.choice(("/dev/zero", ".", "nowhere", str(run / "result.json"))))
    return named(run, new)


def fifo_in_its_place(run: Path, _: Path, rng: random.Random) -> str:
    file = some_file(run, rng)
    file.unlink()
    os.mkfifo(file)
    return named(run, file)


def fifo_added(run: Path, _: Path, rng: random.Random) -> str:
    new = rng.choice([run, *folders(run)]) / "fifo"
    os.mkfifo(new)
    return named(run, new)


def folder_in_its_place(run: Path, _: Path, rng: random.Random) -> str:
    file = some_file(run, rng)
    file.unlink()
    file.mkdir()
    return named(run, file)


def of_another_run(run: Path, other: Path, rng: random.Random) -> str | None:
    """A file, or a whole scenario, as another run of the same bench has it."""
    pairs = [
        (one, other / one.relative_to(run)) for one in [*files(run), *folders(run / "scenarios")]
        if (other / one.relative_to(run)).exists()
    ]  # fmt: skip
    mine, theirs = rng.choice(pairs)
    if mine.is_dir():
        before = {one.relative_to(mine): one.read_bytes() for one in files(mine)}
        after = {one.relative_to(theirs): one.read_bytes() for one in files(theirs)}
        shutil.rmtree(mine)
        shutil.copytree(theirs, mine)
        return named(run, mine) if before != after else None
    same = mine.read_bytes() == theirs.read_bytes()
    shutil.copyfile(theirs, mine)
    return None if same else named(run, mine)


def all_but_the_signature(run: Path, other: Path, _: random.Random) -> str:
    """A whole other run, sealed and unsigned, under this one's name and signature."""
    kept = {
        one.name: one.read_bytes() for one in run.iterdir() if one.name in (SIGNATURE, "statement.dsse.json")
    }
    shutil.rmtree(run)
    shutil.copytree(other, run)
    for name, content in kept.items():
        (run / name).write_bytes(content)
    return "everything"


def footer_entry(run: Path, _: Path, rng: random.Random) -> str | None:
    """A value of the footer, written as it writes."""
    content = json.loads((run / FOOTER).read_text())
    key = rng.choice(list(content))
    if isinstance(content[key], dict):
        entry = rng.choice(list(content[key]))
        if rng.random() < 0.5:
            del content[key][entry]
        else:
            content[key][entry] = rng.choice(("", "0" * len(str(content[key][entry])), None, 7, []))
    elif rng.random() < 0.5:
        del content[key]
    else:
        content[key] = rng.choice(("", "0" * 64, None, 7, {}))
    raw = json.dumps(content, indent=1)
    changed = raw != (run / FOOTER).read_text()
    (run / FOOTER).write_text(raw)
    return f"{FOOTER} {key}" if changed else None


def signature_entry(run: Path, _: Path, rng: random.Random) -> str:
    content = json.loads((run / SIGNATURE).read_text())
    key = rng.choice(list(content))
    content[key] = rng.choice(("", "00" * 32, "00" * 64, None, 7))
    (run / SIGNATURE).write_text(json.dumps(content, indent=1))
    return f"{SIGNATURE} {key}"


def signature_spelled_otherwise(run: Path, _: Path, rng: random.Random) -> str:
    """The same number in other digits: capitals, blanks between them, what base64 passes over."""
    if rng.random() < 0.5:
        content = json.loads((run / SIGNATURE).read_text())
        key = rng.choice(("signature", "public_key"))
        content[key] = rng.choice(
            (content[key].upper(), f"{content[key][:2]} {content[key][2:]}", content[key] + "\n")
        )
        (run / SIGNATURE).write_text(json.dumps(content, indent=1))
        return f"{SIGNATURE} {key}"
    content = json.loads((run / ENVELOPE).read_text())
    (one,) = content["signatures"]
    sig = one["sig"]
    last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[sig[-3]]  # four bits of it stand for nothing
    one["sig"] = rng.choice(
        (f"{sig[:4]}!{sig[4:]}", sig + "\n", sig.rstrip("=") + "===", sig[:-3] + last + "==")
    )
    (run / ENVELOPE).write_text(json.dumps(content, indent=1))
    return f"{ENVELOPE} {one['sig'][-4:]!r}"


def run_renamed(run: Path, _: Path, rng: random.Random) -> str:
    new = run.with_name(rng.choice((run.name + "x", run.name.replace("sim", "real"), run.name.upper())))
    run.rename(new)
    return new.name


MUTATIONS: tuple[Mutation, ...] = (
    byte_flipped, bytes_removed, bytes_inserted, bytes_exchanged, file_cut, file_removed, file_renamed, files_exchanged,
    file_added, folder_added, folder_removed, folder_renamed, relinked, link_added, fifo_in_its_place, fifo_added,
    folder_in_its_place, of_another_run, all_but_the_signature, footer_entry, signature_entry,
    signature_spelled_otherwise, run_renamed,
)  # fmt: skip


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """(a signed run, another one, the key)."""
    pytest.importorskip("cryptography")
    base = tmp_path_factory.mktemp("signed")
    run, other = a_run_of("reference", base / "a"), a_run_of("late_overvoltage", base / "b")
    public = new_key(base / "key.pem")
    sign(run, base / "key.pem")
    assert verdict(run, public) == []
    return run, other, public


def verdict(run: Path, public: str) -> list[str]:
    """What `hil verify RUN --key` has to say against the run."""
    footer, altered = verify_run(run)
    told = [*altered, *(["no footer"] if footer is None else [])]
    trouble = check_signature(run, public)
    return told + ([trouble] if trouble is not None else [])


def mutated(
    signed: tuple[Path, Path, str], base: Path, number: int, seed: int = 1
) -> tuple[str, bool] | None:
    """(what was done, whether it was told); None where there was nothing to do."""
    run, other, public = signed
    rng = random.Random(f"{seed}/{number}")
    place = base / str(number)
    copy = Path(shutil.copytree(run, place / run.name))
    mutation = MUTATIONS[number % len(MUTATIONS)]
    done = mutation(copy, other, rng)
    (altered,) = (one for one in place.iterdir() if one.name != "elsewhere")
    try:
        told = verdict(altered, public) if done is not None else []
    except BenchError as error:  # a line for people; anything else is a traceback, and fails
        told = [str(error)]
    shutil.rmtree(place)
    return None if done is None else (f"{number}: {mutation.__name__} {done}", bool(told))


@pytest.mark.parametrize(
    "count", [len(MUTATIONS), pytest.param(600, marks=pytest.mark.slow)], ids=["each once", "600"]
)
def test_no_mutation_of_a_signed_run_goes_through(
    signed: tuple[Path, Path, str], tmp_path: Path, count: int
) -> None:
    found = [one for number in range(count) if (one := mutated(signed, tmp_path, number)) is not None]
    through = [what for what, told in found if not told]
    print(f"{len(found)} mutations of a signed run, {len(through)} went through")  # noqa: T201
    assert len(found) > 0.9 * count and through == []
