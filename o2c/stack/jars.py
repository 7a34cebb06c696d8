"""Kafka's jars: resolved once from their Maven coordinates, checked against the committed list, kept in the user's cache."""

import os
import shutil
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from o2c.stack.postgres import private_run_folder

COORDINATES: Final = "org.apache.kafka:kafka_2.13:4.3.1!+org.apache.logging.log4j:log4j-slf4j-impl:2.25.3!"
"""The trailing `!` takes them raw: log4j's managed versions would otherwise rule the whole set."""
LIST: Final = Path(__file__).parent / "kafka-jars.sha256"


class JarError(Exception):
    """A jar is missing or is not the one that was pinned."""


def cache_folder() -> Path:
    """Where the jars are kept for all checkouts of this user."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "o2c" / "kafka-4.3.1"


def pinned() -> dict[str, str]:
    """Name and SHA-256 of every jar."""
    pairs = (line.split() for line in LIST.read_text().splitlines())
    return {name: digest for digest, name in pairs}


def class_path(say: Callable[[str], None]) -> str:
    """The class path of the broker; fetches what is missing, and asks nobody once all is there."""
    folder, wanted = cache_folder(), pinned()
    if not all((folder / name).exists() for name in wanted):
        say("Descargando Apache Kafka 4.3.1 (una sola vez) ...")
        _fetch(folder, wanted)
    return os.pathsep.join(str(folder / name) for name in sorted(wanted))


def _fetch(folder: Path, wanted: dict[str, str]) -> None:
    private_run_folder()
    import jgo  # noqa: PLC0415 - needed once, slow to import

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        found = {path.name: path for path in jgo.build(COORDINATES, cache_dir=Path(scratch)).all_jars}
        for name, digest in wanted.items():
            if name not in found:
                raise JarError(f"falta {name}")
            if sha256(found[name].read_bytes()).hexdigest() != digest:
                raise JarError(f"{name} no es el archivo fijado por su SHA-256")
        for name in wanted:
            shutil.copy(found[name], folder / f".{name}")
            (folder / f".{name}").replace(folder / name)
