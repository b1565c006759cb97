"""Hardware-in-the-loop test bench for battery management systems.

`from bench import Bench` is the front door (docs/python.md). What `__all__` names is public; everything else is
private to this package. Types of the public names: `__init__.pyi`, beside.
"""

import importlib

__version__ = "0.2.0"

# Where each public name is made. It is fetched when it is asked for: whoever needs one line of the bench, as `hil
# --help` does, does not wait for all of it.
_HOMES = {
    "About": "bench.record.said",
    "Bench": "bench.door.session",
    "BenchError": "bench.errors",
    "CalledWrongly": "bench.errors",
    "Checked": "bench.door.checked",
    "Comparison": "bench.verdict.compare",
    "ConfigError": "bench.errors",
    "HandRig": "bench.door.hands",
    "Judgement": "bench.verdict.result",
    "Latency": "bench.measure.interval",
    "Measurement": "bench.measure.interval",
    "Noted": "bench.door.progress",
    "Planned": "bench.door.progress",
    "Put": "bench.door.put",
    "Results": "bench.door.stored",
    "Run": "bench.door.run",
    "RunResult": "bench.verdict.result",
    "ScenarioError": "bench.errors",
    "ScenarioResult": "bench.verdict.result",
    "SecondJudgement": "bench.door.stored",
    "ShotDone": "bench.door.progress",
    "ShotResult": "bench.verdict.result",
    "ShotsEnded": "bench.door.progress",
    "Stopped": "bench.door.run",
    "Verdict": "bench.verdict.result",
}
_HOMES |= {
    # What a driver, a simulator or a DUT adapter of others is written with; `bench.testing` holds it to its promises.
    "Boxes": "bench.instruments.virtual_cells",
    "CanExchange": "bench.instruments.can_exchange",
    "CanFrame": "bench.trace.events",
    "CanLink": "bench.links.ports",
    "CellEmulator": "bench.instruments.ports",
    "CellKind": "bench.instruments.kinds",
    "ChamberKind": "bench.instruments.kinds",
    "ClimateChamber": "bench.instruments.ports",
    "Clock": "bench.timing.clock",
    "Confirmation": "bench.instruments.ports",
    "CurrentKind": "bench.instruments.kinds",
    "CurrentReading": "bench.instruments.ports",
    "CurrentSensor": "bench.instruments.ports",
    "DeviceEnd": "bench.instruments.ports",
    "DutAdapter": "bench.dut.adapter",
    "DutError": "bench.errors",
    "EmulatorUnit": "bench.instruments.stack",
    "FaultUnit": "bench.instruments.ports",
    "FrameExchange": "bench.instruments.frame_exchange",
    "InstrumentError": "bench.errors",
    "InsulationKind": "bench.instruments.kinds",
    "InsulationMonitor": "bench.instruments.ports",
    "InsulationReading": "bench.instruments.ports",
    "LeakKind": "bench.instruments.kinds",
    "LeakResistor": "bench.instruments.ports",
    "LinkError": "bench.errors",
    "Load": "bench.instruments.kinds",
    "Manners": "bench.instruments.exchange",
    "Option": "bench.config.options",
    "Options": "bench.config.options",
    "PackSupply": "bench.instruments.ports",
    "Phase": "bench.timing.clock",
    "RelayBank": "bench.instruments.relay_bank",
    "RelayCard": "bench.instruments.ports",
    "RelayKind": "bench.instruments.kinds",
    "SerialLink": "bench.links.ports",
    "Stack": "bench.instruments.virtual_cells",
    "SupplyKind": "bench.instruments.kinds",
    "SupplyReading": "bench.instruments.ports",
    "Switched": "bench.instruments.ports",
    "TextExchange": "bench.instruments.exchange",
    "VirtualCells": "bench.instruments.virtual_cells",
    "WireFault": "bench.instruments.ports",
    "a_line_each": "bench.instruments.virtual_cells",
    "attach_lines": "bench.instruments.played_lines",
    "each_on_its_line": "bench.instruments.virtual_cells",
    "one_line": "bench.instruments.virtual_cells",
    "played": "bench.instruments.kinds",
}
_HOMES |= {
    # What a section of the report and a command are written with.
    "Command": "bench.cli.command",
    "Place": "bench.report.section",
    "ReportExtras": "bench.report.extras",
    "Section": "bench.report.section",
    "Told": "bench.report.section",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'bench' has no attribute '{name}'")
    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
