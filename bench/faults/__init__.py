"""What a fault of others, or whoever provides a capability on a rig, is written with: what `__all__` names is public.

Faults: `Fault`, `InjectShape`, `Kind` and the types of their keys; capabilities: what a fault asks of a rig; providers:
`Provider` and the `RigGround` it is built on (docs/instruments.md, "Parts of others"). The modules below are private.
Types of the public names: `__init__.pyi`, beside.
"""

import importlib

# Fetched when it is asked for: the rooms below are imported by modules that these names come from.
_HOMES = {
    "AboveAbsoluteZero": "bench.faults.shapes",
    "Actuation": "bench.rig.capabilities",
    "AmperesOf": "bench.faults.shapes",
    "BusTraffic": "bench.rig.capabilities",
    "BusWires": "bench.rig.capabilities",
    "Carried": "bench.faults.port",
    "CellModel": "bench.rig.capabilities",
    "CellVoltages": "bench.rig.capabilities",
    "Chamber": "bench.rig.capabilities",
    "Change": "bench.faults.shapes",
    "Contactor": "bench.faults.shapes",
    "ContactorMechanics": "bench.rig.capabilities",
    "ContactorNames": "bench.faults.shapes",
    "Contactors": "bench.rig.capabilities",
    "Cooling": "bench.rig.capabilities",
    "Degrees": "bench.faults.shapes",
    "DegreesOf": "bench.faults.shapes",
    "DegreesPerSecond": "bench.faults.shapes",
    "Distort": "bench.rig.capabilities",
    "Distortions": "bench.rig.capabilities",
    "DutIdentity": "bench.rig.capabilities",
    "DutProgram": "bench.rig.capabilities",
    "DutReset": "bench.rig.capabilities",
    "DutSupply": "bench.rig.capabilities",
    "Expression": "bench.faults.expression",
    "Farads": "bench.faults.shapes",
    "Fault": "bench.faults.port",
    "FrontEnd": "bench.rig.capabilities",
    "RigGround": "bench.rig.capabilities.provider",
    "HvCircuit": "bench.rig.capabilities",
    "InjectShape": "bench.faults.shapes",
    "Insulation": "bench.rig.capabilities",
    "InsulationInTurns": "bench.rig.capabilities",
    "Irregular": "bench.trace.irregular",
    "Irregularity": "bench.trace.irregular",
    "Kind": "bench.faults.port",
    "Numbers": "bench.faults.shapes",
    "OhmPerVoltOf": "bench.faults.shapes",
    "Ohms": "bench.faults.shapes",
    "OnsetTest": "bench.faults.port",
    "PackCurrent": "bench.rig.capabilities",
    "Percent": "bench.faults.shapes",
    "Provider": "bench.rig.capabilities.provider",
    "SenseWires": "bench.rig.capabilities",
    "Sensors": "bench.rig.capabilities",
    "ReadingStage": "bench.rig.capabilities",
    "Terminals": "bench.faults.port",
    "Timers": "bench.rig.capabilities",
    "Volts": "bench.faults.shapes",
    "VoltsOf": "bench.faults.shapes",
    "VoltsPerSecond": "bench.faults.shapes",
    "WIRE_VARIANTS": "bench.rig.capabilities",
    "Watts": "bench.faults.shapes",
    "YCapacitors": "bench.rig.capabilities",
    "current_levels": "bench.faults.port",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'bench.faults' has no attribute '{name}'")
    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
