"""What a run of the simulator is to be: from a file, or drawn by a seed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from perseus.clock import parse_iso
from perseus.exchanges.recordings.recording import Recording
from perseus.simulator.clock import VirtualClock
from perseus.simulator.exchange import Rules
from perseus.simulator.faults.fault import Fault, ScenarioError, fault_of
from perseus.simulator.market.markets import DEFAULT
from perseus.simulator.replay.exchange import replayed
from perseus.simulator.replay.tape import Tape
from perseus.simulator.world import World

SCOPES = ("connection", "product")
ADJUSTABLE = tuple(item.name for item in fields(Rules) if item.name != "weights")


@dataclass
class Scenario:
    """`start_ms`: None is now. `symbols`: base currencies. `tapes`: a CSV file of one-minute candles by base currency.

    `pace`: so many times as many trades as usual. `rules`: limits by exchange and name, over those of the exchange.
    `sequence_scope`: of Coinbase's sequence_num. `recordings`: those of one exchange together take its place.
    """

    seed: str = "perseus"
    start_ms: int | None = None
    speed: float = 1.0
    symbols: tuple[str, ...] = DEFAULT
    sequence_scope: str = "connection"
    pace: float = 1.0
    tapes: dict[str, Path] = field(default_factory=dict)
    rules: dict[str, dict[str, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    recordings: tuple[Path, ...] = ()

    def world(self, clock: VirtualClock) -> World:
        """The exchanges as it wants them. Raises ScenarioError for what there is not, BadRecording."""
        world = World(clock, self.seed, (), self.symbols, self.sequence_scope)
        for recording in _by_exchange(self.recordings):
            world.exchanges[recording.exchange] = replayed(world.timers, self.seed, Tape.of(recording))
        for name, limits in self.rules.items():
            if name not in world.exchanges:
                raise ScenarioError(f"No exchange is called {name!r}. Known: {', '.join(world.exchanges)}.")
            for limit, amount in limits.items():
                setattr(world.exchanges[name].rules, limit, amount)
            world.exchanges[name].held = world.exchanges[name].rules.weight
        for exchange in world.exchanges.values():
            for market in exchange.truth.markets.values():
                market.tape = self.tapes.get(market.base)
                market.manner = replace(market.manner, mean_ms=max(1, round(market.manner.mean_ms / self.pace)))
        for fault in self.faults:
            world.add_fault(fault)
        world.besides = self._besides()
        return world

    def _besides(self) -> str:
        """What decides on candles beside the seed and the start; '' where nothing does."""
        if not (self.pace != 1 or self.tapes or self.faults or self.recordings):
            return ""
        digests = [_digest(path) for path in (*self.tapes.values(), *self.recordings)]
        faults = [fault.as_json() | {"done": 0} for fault in self.faults]
        return msgspec.json.encode([self.pace, sorted(self.tapes), digests, faults]).decode()


def _digest(path: Path) -> str:
    """Of a file, or of all files of a folder, as the ring of a recording is one."""
    found = blake2b(digest_size=6)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            found.update(file.read_bytes())
    return found.hexdigest()


def read(path: Path) -> Scenario:
    """One from a .toml or .json file. Raises ScenarioError, naming the file and what is wrong in it."""
    try:
        data = path.read_bytes()
        told = tomllib.loads(data.decode()) if path.suffix == ".toml" else msgspec.json.decode(data)
        return of(told, path.parent)
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, AttributeError, msgspec.DecodeError) as error:
        raise ScenarioError(f"{path} is no scenario: {error}.") from error
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error


def of(told: Any, folder: Path = Path()) -> Scenario:
    """One from its table. Raises ScenarioError. `folder`: where the paths of tapes begin."""
    known = ("seed", "start", "speed", "symbols", "sequence_scope", "pace", "tapes", "rules", "faults", "recordings")
    if not isinstance(told, dict):
        raise ScenarioError(f"A scenario is a table, not {type(told).__name__}.")
    if strange := told.keys() - set(known):
        raise ScenarioError(f"A scenario has no {', '.join(sorted(strange))}. Known: {', '.join(known)}.")
    scenario = Scenario(faults=[fault_of(entry) for entry in told.get("faults", [])])
    scenario.seed = str(told.get("seed", scenario.seed))
    scenario.start_ms = parse_iso(str(told["start"])) if "start" in told else None
    scenario.speed, scenario.pace = (_times(name, told.get(name, 1)) for name in ("speed", "pace"))
    scenario.symbols = tuple(told.get("symbols", DEFAULT))
    scenario.sequence_scope = _scope(told.get("sequence_scope", SCOPES[0]))
    scenario.tapes = {base: folder / name for base, name in told.get("tapes", {}).items()}
    scenario.rules = {name: _limits(limits) for name, limits in told.get("rules", {}).items()}
    scenario.recordings = tuple(folder / name for name in told.get("recordings", ()))
    return scenario


def _by_exchange(paths: tuple[Path, ...]) -> list[Recording]:
    """Several files of one exchange are one recording."""
    several: dict[str, list[Path]] = {}
    for path in paths:
        several.setdefault(Recording(path).exchange, []).append(path)
    return [Recording(*each) for each in several.values()]


def speed_of(told: float) -> float:
    """Of an option. Raises ScenarioError for one that is none, such as NaN."""
    return _times("speed", told)


def _times(name: str, told: Any) -> float:
    if not isinstance(told, int | float) or not 0 < told <= 1_000:
        raise ScenarioError(f"The {name} is {told!r}, not a number above 0 and up to 1000.")
    return float(told)


def _scope(told: Any) -> str:
    if told not in SCOPES:
        raise ScenarioError(f"The sequence_scope is {told!r}. Known: {', '.join(SCOPES)}.")
    return str(told)


def _limits(told: dict[str, Any]) -> dict[str, int]:
    for name, amount in told.items():
        if name not in ADJUSTABLE or not isinstance(amount, int):
            raise ScenarioError(f"{name} = {amount!r} is no rule. Known, in whole numbers: {', '.join(ADJUSTABLE)}.")
    return dict(told)
