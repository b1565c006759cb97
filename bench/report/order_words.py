"""Why a scenario's FHTI can be smaller than its FDTI, told where it happens."""

from bench.verdict.result import ScenarioResult


def order_words(scenario: ScenarioResult) -> str:
    """A sentence for shots whose safe state came, for certain, before the report that is asked for; "" without any."""
    measured = [shot.measurement for shot in scenario.shots if shot.measurement is not None]
    both = [(one.fdti.interval, one.fhti.interval, one) for one in measured if one.fdti and one.fhti]
    before = [one for fdti, fhti, one in both if fhti.high_ns < fdti.low_ns]
    if not before:
        return ""
    return (
        f"In {len(before)} of {len(both)} shots FHTI is smaller than FDTI: the safe state came before the report that "
        "the scenario asks for. The DUT was led there by something else that it noticed first, such as another of "
        "its faults. Both times count from the onset, each on its own; neither is part of the other."
    )
