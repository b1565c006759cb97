"""Options of a bus that none could be opened with: told by `hil check` and `hil run`, at their place."""

from pathlib import Path

import pytest
from small_bench import QUICK, ROOT, hil_here, run_folders, small_bench

from bench.config.bench_file import load_bench
from bench.errors import ConfigError
from bench.links.can_options import refuse_wrong_options


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(small_bench(tmp_path))
    return tmp_path


def with_options(bench: Path, options: str, interface: str = "udp_multicast") -> None:
    """For the first bus of the bench file."""
    file = bench / "hil_config.toml"
    lines = file.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("options = "))
    lines[at] = f"options = {{ {options} }}"
    of = next(number for number in range(at, 0, -1) if lines[number].startswith("interface = "))
    lines[of] = f'interface = "{interface}"'
    file.write_text("\n".join(lines) + "\n")


NONSENSE = {
    "udp_multicast": {
        'port = "x"': "port]: found 'x'; expected a number from 1 to 65535",
        "hop_limit = -1": "hop_limit]: found -1 (number); expected a number from 0 to 255",
        "channel = 5": "channel]: found 5 (number); expected a multicast group",
        "prot = 43113": "prot]: found no such option; expected channel, port,",
        "fd = 1": "fd]: found 1 (number); expected true or false",
    },
    "socketcan": {
        "channel = 5": "channel]: found 5 (number); expected the name of an interface",
        'fd = "yes"': "fd]: found 'yes'; expected true or false",
    },
    "slcan": {
        'channel = ""': "channel]: found ''; expected a device, or 'virtual'",
        "bitrate = 123": "bitrate]: found 123 (number); expected one of 10000, 20000",
        'tty_baudrate = "fast"': "tty_baudrate]: found 'fast'; expected a number of baud",
    },
}


@pytest.mark.parametrize("interface", NONSENSE)
def test_nonsense_is_refused_before_anything_is_driven(
    interface: str, bench: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with_options(bench, ", ".join(NONSENSE[interface]), interface)
    for words in (("check",), ("check", "--time", "real"), QUICK):
        capfd.readouterr()
        assert hil_here(*words) == 2, words
        lines = capfd.readouterr().err.splitlines()
        assert len(lines) == len(NONSENSE[interface]), lines
        for line, told in zip(lines, NONSENSE[interface].values(), strict=True):
            assert line.startswith("hil_config.toml:") and f"options.{told}" in line
    assert run_folders(bench) == []


@pytest.mark.parametrize("option", ["port = 70000", "port = true", "port = 0", 'channel = "10.0.0.1"'])
def test_what_no_socket_takes_is_refused(option: str, bench: Path) -> None:
    with_options(bench, option)
    with pytest.raises(ConfigError, match=r"options\.(port|channel)\]: found .*; expected a"):
        refuse_wrong_options(load_bench(bench / "hil_config.toml"))


@pytest.mark.parametrize(
    ("interface", "options"),
    [
        ("udp_multicast", 'channel = "ff15:7079:7468:6f6e:6465:6d6f:6d63:6173", foreign = "", fd = false'),
        ("socketcan", 'channel = "vcan0", fd = 1, kernel_cycles = false'),
        ("slcan", 'channel = "virtual", bitrate = "500000", tty_baudrate = 2000000'),
        ("pcan", 'channel = "PCAN_USBBUS1", whatever = 5'),
    ],
)
def test_what_a_bus_can_be_opened_with_is_taken(interface: str, options: str, bench: Path) -> None:
    with_options(bench, options, interface)
    refuse_wrong_options(load_bench(bench / "hil_config.toml"))


SHOWN = [
    one for one in (ROOT / "docs/benches").glob("*.toml") if one.stem != "qemu_board"
]  # its image is built


@pytest.mark.parametrize("file", sorted(SHOWN), ids=lambda one: one.name)
def test_every_bench_that_is_shown_passes(file: Path) -> None:
    refuse_wrong_options(load_bench(file))
