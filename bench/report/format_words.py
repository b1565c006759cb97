"""Which scenario files of format 1 would be judged otherwise under format 2, in one line."""

from bench.verdict.result import RunResult

MOST_NAMED = 10


def format_2_words(run: RunResult) -> str | None:
    """A line on the verdict that format 2 would give. None where it is the same verdict."""
    found = [one for one in run.scenarios if one.under_format_2 is not None]
    if not found:
        return None
    named = ", ".join(
        f"{one.scenario_id} ({one.judgement.verdict.name} → {one.under_format_2.verdict.name})"
        for one in found[:MOST_NAMED]
        if one.under_format_2 is not None
    )
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    are = "is" if len(found) == 1 else "are"
    return (
        f"warning: {len(found)} of {len(run.scenarios)} {are} judged by the old rule and would change under format 2: "
        f"{named}{more}; `hil migrate` makes their files ready for it"
    )
