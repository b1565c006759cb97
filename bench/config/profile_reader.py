"""From the text of a profile to roles and tests. Apart from profile.py, because the files' shapes cost an import."""

from bench.config.always_read import read_always
from bench.config.debounce import Debounce, Stage
from bench.config.play import (
    AGGREGATES,
    INDEXED,
    OF_STRINGS,
    Play,
    PlayError,
    Shown,
    of_string,
    read_play,
    read_shown,
)
from bench.config.profile import (
    DutProfile,
    Flag,
    Heartbeat,
    Identity,
    Promise,
    Role,
    RoleTest,
    Uds,
    Waits,
)
from bench.config.profile_shape import ShownTable
from bench.config.profile_texts import ProfileTexts
from bench.config.toml_file import describe
from bench.config.user_file import Place
from bench.errors import nearest

# What every scenario needs; those of the modes are asked for by the scenarios that start in them.
_STATES = {
    "standby": "the state in which the DUT is ready and its contactors are open",
    "error": "the error state",
}


class ProfileReader(ProfileTexts):
    """Turns the checked text of a profile into roles and tests, noting every mistake."""

    def profile(self) -> DutProfile:
        shape = self._shape
        plays = tuple(self._play(index) for index in range(len(shape.play)))
        for name, output in shape.output.items():
            self._roles[name] = self._lagging(output.signal, output, ("output", name))
        for name, known in (("state", shape.output), ("mode_request", self._roles)):
            if name not in known:
                wanted = "the signal of the DUT's state" if name == "state" else "a [[play]] that shows it"
                self._file.mistake(("output",), f"found no '{name}'; expected {wanted}{nearest(name, known)}")
        self._check_codes()
        for name, what in _STATES.items():
            if name not in shape.state:
                near = nearest(name, shape.state)
                self._file.mistake(("state",), f"found no '{name}'; expected the value of {what}{near}")
        self._check_cells(plays)
        flags = {
            name: Flag(
                name=name,
                role=self._lagging(flag.signal, flag, ("flag", name)),
                value=float(flag.value),
                also=tuple(self._role(text, ("flag", name, "also")) for text in flag.also),
                trips=flag.severity == "trip",
                sets=self._outputs(flag.sets, ("flag", name, "sets")),
                heals=flag.heals,
                limit=self._limit(flag.limit, ("flag", name, "limit")),
                limit_tolerance=self._tolerance(
                    flag.limit_tolerance, flag.limit, ("flag", name, "limit_tolerance")
                ),
                dtc=flag.dtc,
                debounce=Debounce(
                    events=flag.debounce.events,
                    period_ns=flag.debounce.period,
                    delay_ns=flag.debounce.delay,
                    settle_ns=flag.debounce.settle,
                    stages=tuple(Stage(name, held) for name, held in flag.debounce.stages.items()),
                )
                if flag.debounce
                else None,
            )
            for name, flag in shape.flag.items()
        }
        return DutProfile(
            file=self._file.path,
            name=shape.name,
            base_period_ns=shape.base_period,
            sample_period_ns=shape.sample_period,
            plays=plays,
            unlisted=shape.unlisted,
            roles=self._roles,
            contactors=self._contactors(),
            thresholds={name: self._threshold(name, text) for name, text in shape.threshold.items()},
            modes=shape.mode.model_dump(),
            states=shape.state,
            flags=flags,
            heartbeat=tuple(self._heartbeat(index) for index in range(len(shape.heartbeat))),
            safe_states={
                name: self._joined([t for t in texts if t.strip() != "flag"], ("safe_state", name))
                for name, texts in shape.safe_state.items()
            },
            safe_states_with_flag=frozenset(
                name for name, texts in shape.safe_state.items() if any(t.strip() == "flag" for t in texts)
            ),
            tests={name: self._joined(texts, ("test", name)) for name, texts in shape.test.items()},
            identity=self._identity(),
            corrections=tuple(self._corrections()),
            uds=self._uds(),
            fault_reset_at_start=self._fault_reset(),
            estimates=self._estimates(),
            with_any_flag=self._outputs(shape.with_any_flag, ("with_any_flag",)),
            no_dtc=self._no_dtc(),
            lags=self._lags,
            checksums=tuple(self._checksums()),
            waits=Waits(
                standby_ns=shape.wait.standby, closed_ns=shape.wait.closed, ready_ns=shape.wait.ready
            ),
            always=read_always(self._file, shape.always, shape.flag),
            coils_told=not {"plus", "minus", "precharge"} & shape.contactor.keys(),
            opening=self._opening(),
            witnesses=frozenset(
                self._roles[name] for name, output in shape.output.items() if output.seen_by == "bench"
            ),
        )

    def _outputs(self, names: list[str], place: Place) -> tuple[str, ...]:
        output = self._shape.output
        for index, name in enumerate(names):
            if name not in output:
                known = f"found '{name}'; expected a role of [output]{nearest(name, output)}"
                self._file.mistake((*place, index), known)
        return tuple(names)

    def _no_dtc(self) -> tuple[int, ...]:
        """0 says "no code" on most buses; not where it is the code of a flag."""
        if self._shape.no_dtc is not None:
            return tuple(self._shape.no_dtc)
        return () if any(flag.dtc == 0 for flag in self._shape.flag.values()) else (0,)

    def _identity(self) -> Identity | None:
        table = self._shape.identity
        if table is None:
            return None
        try:
            table.text.format(**dict.fromkeys(table.signals, 0))
        except (KeyError, IndexError, ValueError) as wrong:
            self._file.mistake(
                ("identity", "text"),
                f"found '{table.text}' ({wrong}); expected {{name}} of a signal in [identity]",
            )
        ask = None
        if table.ask is not None:
            channel, message = self._message(table.ask.message, ("identity", "ask", "message"))
            shown = tuple(self._asked(name, value) for name, value in table.ask.shows.items())
            ask = Play(
                channel=channel,
                message=message,
                by="bench",
                cycle_ns=None,
                gap_ns=0,
                timeout_ns=None,
                shown=shown,
            )
        signals = {
            name: self._role(text, ("identity", "signals", name)) for name, text in table.signals.items()
        }
        return Identity(text=table.text, signals=signals, ask=ask)

    def _asked(self, name: str, value: float) -> Shown:
        try:
            return read_shown(name, value)
        except PlayError as wrong:
            self._file.mistake(("identity", "ask", "shows", name), str(wrong))
            return read_shown(name, 0)

    def _estimates(self) -> dict[tuple[str, str], Promise]:
        """A chemistry's own figures stand in place of the general ones, each by itself."""
        found: dict[tuple[str, str], Promise] = {}
        for name, table in self._shape.estimate.items():
            if name not in self._roles:
                near = nearest(name, self._roles)
                self._file.mistake(("estimate", name), f"found '{name}'; expected a role of [output]{near}")
                continue
            for chemistry, own in (("", table), *table.chemistry.items()):
                told = {
                    key: value
                    for key in ("rms", "max", "over", "band", "converges", "drift_per_day")
                    if (value := getattr(own, key)) is not None or (value := getattr(table, key)) is not None
                }
                found[name, chemistry] = Promise(
                    role=self._roles[name],
                    truth=table.truth,
                    rms=told.get("rms"),
                    max=told.get("max"),
                    over=told.get("over"),
                    band=told.get("band"),
                    converges_ns=told.get("converges"),
                    drift_per_day=told.get("drift_per_day"),
                )
        return found

    def _fault_reset(self) -> bool:
        asked = self._shape.fault_reset_at_start
        if asked and "fault_reset" not in self._roles:
            self._file.mistake(
                ("fault_reset_at_start",),
                "found true, but no [[play]] shows 'fault_reset'; expected one that does",
            )
        return asked

    def _uds(self) -> Uds | None:
        table = self._shape.uds
        if table is None:
            return None
        channel, request = self._message(table.request, ("uds", "request"))
        other, response = self._message(table.response, ("uds", "response"))
        if channel != other:
            self._file.mistake(
                ("uds", "response"), f"found channel '{other}'; expected '{channel}', as the request's"
            )
        return Uds(
            channel=channel,
            request=request,
            response=response,
            p2_ns=table.p2,
            p2_star_ns=table.p2_star,
            identity_did=table.identity,
            clear=table.clear,
            occurrences=table.occurrences,
        )

    def _check_codes(self) -> None:
        """What comes with a code says something of it only in the same frame."""
        of = self._roles.get("dtc_code")
        for name in ("dtc_status", "dtc_occurrences"):
            role = self._roles.get(name)
            if role is not None and (of is None or (role.channel, role.message) != (of.channel, of.message)):
                expected = "an output 'dtc_code'" if of is None else f"a signal of {of.channel}.{of.message}"
                self._file.mistake(
                    ("output", name), f"found '{role}'; expected {expected}, in whose frame it comes"
                )

    def _play(self, index: int) -> Play:
        table = self._shape.play[index]
        place: Place = ("play", index, "message")
        channel, _, message = table.message.partition(".")
        if not message or "." in message:
            self._file.mistake(place, f"found '{table.message}'; expected \"channel.Message\"")
        shown = [
            one
            for name, content in table.shows.items()
            if (one := self._shown(index, name, content)) is not None
        ]
        for one in shown:
            if one.quantity and one.quantity not in INDEXED and one.what == "value":
                self._roles.setdefault(one.quantity, Role(channel, message, one.signal))
            elif one.quantity in OF_STRINGS and one.what == "value" and one.number is not None:
                self._roles.setdefault(
                    of_string(one.quantity, one.number), Role(channel, message, one.signal)
                )
        try:
            return read_play(table, channel, message, tuple(shown))
        except PlayError as wrong:
            self._file.mistake(("play", index, "gap"), str(wrong))
            return Play(
                channel=channel,
                message=message,
                by=table.by,
                cycle_ns=None,
                gap_ns=0,
                timeout_ns=None,
                shown=(),
            )

    def _shown(self, index: int, signal: str, content: object) -> Shown | None:
        place: Place = ("play", index, "shows", signal)
        if isinstance(content, dict):
            content = self._file.check(ShownTable, content, *place)
            if content is None:
                return None
        if isinstance(content, bool) or not isinstance(content, str | int | float | ShownTable):
            expected = "a quantity, a number, or a table"
            self._file.mistake(place, f"found {describe(content)}; expected {expected}")
            return None
        try:
            signal.format(cell=1, cell0=0, sensor=1, sensor0=0)
            return read_shown(signal, content)
        except PlayError as wrong:
            self._file.mistake(place, str(wrong))
        except (KeyError, IndexError, ValueError, AttributeError):
            self._file.mistake(
                place, f"found '{signal}'; expected {{cell}}, {{cell0}}, {{sensor}} or {{sensor0}}"
            )
        return None

    def _check_cells(self, plays: tuple[Play, ...]) -> None:
        values = {one.quantity for play in plays for one in play.shown if one.what == "value"}
        shows = {"cell_voltage", *(name for name, of in AGGREGATES.items() if of == "cell_voltage")}
        if not shows & values and not self._file.mistakes:  # else that is why
            self._file.mistake(
                ("play",),
                "found no 'cell_voltage' shown; expected a [[play]] that shows it, or one that shows cell_voltage_min "
                "or cell_voltage_max",
            )

    def _contactors(self) -> dict[str, tuple[RoleTest, ...]]:
        """As the profile says, else the roles named after the commands."""
        found: dict[str, tuple[RoleTest, ...]] = {}
        for name in ("plus", "minus", "precharge"):
            texts = self._shape.contactor.get(name)
            role = self._roles.get(f"{name}_command")
            if texts is not None:
                found[name] = self._tests(texts, ("contactor", name))
            elif role is not None:
                found[name] = (RoleTest(role=role, op="==", value=1.0),)
            else:
                self._file.mistake(
                    ("output",), f"found no '{name}_command'; expected it here, or '{name}' in [contactor]"
                )
        return found | self._of_strings()

    def _of_strings(self) -> dict[str, tuple[RoleTest, ...]]:
        """The commands of the second string and the next: `plus_2_command`, each an output."""
        found: dict[str, tuple[RoleTest, ...]] = {}
        string = 2
        while f"plus_{string}_command" in self._roles:
            for name in ("plus", "minus", "precharge"):
                role = self._roles.get(f"{name}_{string}_command")
                if role is None:
                    self._file.mistake(("output",), f"found no '{name}_{string}_command'; expected it here")
                else:
                    found[f"{name}_{string}"] = (RoleTest(role=role, op="==", value=1.0),)
            string += 1
        return found

    def _opening(self) -> tuple[RoleTest, ...]:
        """As the profile says, else the first coil that is told to open; where there are no coils nothing shows it."""
        texts = self._shape.contactor.get("opening")
        if texts is not None:
            return self._tests(texts, ("contactor", "opening"))
        coils = (self._roles.get(f"{name}_command") for name in ("plus", "minus"))
        return tuple(RoleTest(role=role, op="==", value=0.0) for role in coils if role is not None)

    def _heartbeat(self, index: int) -> Heartbeat:
        beat = self._shape.heartbeat[index]
        channel, _, message = beat.message.partition(".")
        place: Place = ("heartbeat", index, "message")
        if not message or "." in message:
            self._file.mistake(place, f"found '{beat.message}'; expected \"channel.Message\"")
        return Heartbeat(channel=channel, message=message, longest_gap_ns=beat.longest_gap)
