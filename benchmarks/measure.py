"""What a case measures with: CPU by process, shares of the machine, percentiles, and where it ran."""

import math
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from time import monotonic
from typing import Any, Final

import psutil

LIBRARIES: Final = ("faststream", "aiokafka", "asyncpg", "pydantic", "fastapi", "opentelemetry-sdk", "uvloop")
FOREIGN_LIMIT: Final = 0.08
"""From this share of other people's CPU on, a run says that it is noisy (the figures that survive it are CPU and ratios)."""


@dataclass
class Spent:
    """Seconds that passed, CPU seconds by name, and the share of the machine's CPU that was nobody's of ours."""

    seconds: float = 0.0
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    foreign: float = 0.0

    @property
    def total_cpu(self) -> float:
        """Of all processes together."""
        return sum(self.cpu_seconds.values())

    @property
    def noisy(self) -> bool:
        """Whether others took too much of the machine for the rates to be compared."""
        return self.foreign > FOREIGN_LIMIT


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of all below it, also of those that ended and were waited for."""
    root = psutil.Process(pid)
    ended = root.cpu_times()
    total = ended.children_user + ended.children_system
    for one in [root, *root.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return float(total)


def _own(pid: int, *, alone: bool) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system) if alone else cpu_of(pid)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


@contextmanager
def spending(pids: Mapping[str, int], alone: frozenset[str] = frozenset()) -> Iterator[Spent]:
    """Measures what is spent within; of the names in `alone` without their children, which are counted themselves."""
    spent = Spent()
    before = {name: _own(pid, alone=name in alone) for name, pid in pids.items()}
    busy, began = _busy(), monotonic()
    yield spent
    spent.seconds = monotonic() - began
    spent.cpu_seconds = {name: round(_own(pid, alone=name in alone) - before[name], 2) for name, pid in pids.items()}
    taken = max(_busy() - busy, spent.total_cpu, 0.01)
    spent.foreign = round(1 - spent.total_cpu / taken, 3)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank). Raises IndexError of nothing."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def where() -> dict[str, Any]:
    """Commit, versions and machine: without them a figure says nothing."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], check=False, capture_output=True, text=True)
    with open("/proc/cpuinfo") as lines:  # noqa: PTH123 - one line of a device
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "commit": commit.stdout.strip() or "unknown",
        "machine": {
            "cpu": models[0] if models else platform.machine(),
            "cores": psutil.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "system": platform.platform(),
        },
        "versions": {"python": platform.python_version(), "kafka": "4.3.1"} | {name: version(name) for name in LIBRARIES},
    }
