"""Every setting a process reads, `O2C_*`, nested by two underscores: `O2C_KAFKA__BOOTSTRAP_SERVERS`."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

VERSION: Final = "0.1.0"
"""What runs, as traces and metrics name it."""


class Kafka(BaseModel):
    """How to reach the brokers; a list, since a comma-joined text would be taken for one host. All clients read it."""

    bootstrap_servers: Annotated[list[str], NoDecode] = ["127.0.0.1:9092"]
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = Field(default=None, description="The principal: of a service its name, as in the access lists.")
    password: SecretStr | None = None
    ca_file: Path | None = Field(default=None, description="Who signed the brokers' certificates; absent: known authorities.")
    fetch_wait_ms: int = Field(
        default=50, description="How long a broker keeps a fetch that finds nothing; the broker of the stack may longer."
    )
    replication: int = Field(default=1, description="Copies of each topic: 3 in production, 1 on a single node.")

    @field_validator("bootstrap_servers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.authenticated and not (self.username and self.password):
            raise ValueError(f"{self.security} needs O2C_KAFKA__USERNAME and O2C_KAFKA__PASSWORD")
        return self

    @property
    def authenticated(self) -> bool:
        """Whether the client says who it is."""
        return self.security.startswith("SASL")

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can read or change what is said."""
        return self.security.endswith("SSL")


class Postgres(BaseModel):
    """Where the schemas live. The user in the DSN is replaced by the role at work; passwords come from PGPASSFILE."""

    dsn: str = Field(default="postgresql:///o2c?host=/tmp", description="Address of the database, host and name.")
    admin_user: str = Field(default="postgres", description="May create roles and schemas; used by `o2c db` alone.")


class Http(BaseModel):
    """Where this process serves commands, queries, health and metrics."""

    host: str = "127.0.0.1"
    port: int = 8000


class Auth(BaseModel):
    """Who may call: tokens signed by the local key, or by the keys of the operator's identity provider."""

    key_file: Path = Field(default=Path(".o2c/keys/token.json"), description="JWK set that verifies tokens.")
    users_file: Path | None = Field(
        default=None, description="Users with their roles, whom a command may name; absent: nobody is checked."
    )
    issuer: str = "o2c-local"
    audience: str = "o2c"
    algorithms: list[str] = ["HS256"]


class Smtp(BaseModel):
    """The mail server; notifications alone uses it."""

    host: str = "127.0.0.1"
    port: int = 1025
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = False
    sender: str = "Tigo Business <entregas@o2c.example.com>"
    bounces: str | None = Field(
        default=None, description="Address that what is undeliverable comes back to; absent: the sender's."
    )
    timeout_seconds: float = 20.0
    areas: dict[str, str] = Field(default_factory=dict, description="Mailbox of each area: activaciones, noc, ...")


class Mailbox(BaseModel):
    """The mailbox that undeliverable mail comes back to. `o2c buzon` alone uses it, and empties its inbox."""

    host: str | None = Field(default=None, description="IMAP server; absent: nobody reads, bounces are recorded by hand.")
    port: int = 993
    security: Literal["TLS", "STARTTLS", "PLAIN"] = Field(default="TLS", description="PLAIN only to this very machine.")
    ca_file: Path | None = Field(default=None, description="Who signed the server's certificate; absent: known authorities.")
    username: str = ""
    password: SecretStr = SecretStr("")
    read_folder: str = Field(default="o2c-leido", description="Where what was understood goes.")
    unreadable_folder: str = Field(default="o2c-ilegible", description="Where the rest waits for a person.")
    poll_seconds: float = 60.0
    rest_seconds: float = Field(
        default=120.0, description="How long a mail lies before it is read: longer than our own record of the sending may take."
    )
    timeout_seconds: float = 20.0

    @model_validator(mode="after")
    def _private(self) -> Self:
        if self.host and self.security == "PLAIN" and not _is_this_machine(self.host):
            raise ValueError("O2C_MAILBOX__SECURITY is TLS or STARTTLS: a password would cross the network in the clear")
        return self


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Objects(BaseModel):
    """Where documents are kept, write-once."""

    url: str = Field(default="file://.o2c/objects", description="A folder, or s3://bucket/prefix.")
    documents_url: str | None = Field(default=None, description="Base address of Salesforce files; absent: demo stand-ins.")


class Signatures(BaseModel):
    """Whose signatures in a PDF are believed. Nothing is fetched, so revocation is not known."""

    authorities: Path | None = Field(
        default=None,
        description="PEM file of certification authorities, or a folder of `*.pem`; absent: no signature in a PDF is valid.",
    )
    limit_seconds: float = Field(default=15.0, description="Longer than this no file is looked into; the upload gets 503.")

    @field_validator("authorities")
    @classmethod
    def _there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.exists():
            raise ValueError(f"there are no certificates at {path}")
        return path


class Letters(BaseModel):
    """Dead letters and parked messages of outside topics hold people's data; a service that reads such topics needs the key."""

    key_file: Path | None = Field(
        default=None,
        description="Fernet keys, one a line: the first seals, all open. Production: intake refuses to start without.",
    )
    keep_days: int = Field(default=90, description="Days from a dead letter's replay or dismissal until it is deleted.")


class Tmf(BaseModel):
    """How `o2c tmf` tells our facts."""

    version: Literal[4, 5] = Field(default=5, description="Of TMF622; version 4 has no milestones, jeopardies or errors.")


class Tracing(BaseModel):
    """Which traces are kept; where they go is said by the standard OTEL_EXPORTER_OTLP_* variables."""

    ratio: float = Field(default=1.0, ge=0, le=1, description="So large a part of the orders, each with all of its chains.")


class Workers(BaseModel):
    """How often the workers look, and for how long they hold what they took."""

    deadline_poll_seconds: float = 0.5
    effect_lease_seconds: float = 60.0
    effect_limit_seconds: float = 45.0
    relay_poll_seconds: float = 0.2
    watchdog_seconds: float = 90.0
    backlog_rows: int = Field(default=50_000, description="More waiting facts than these: commands that open work get 429.")
    backlog_seconds: float = Field(default=60.0, description="The same, when the oldest of them waits for longer.")
    keep_days: int = Field(default=45, description="Age of inbox and command log; longer than topics and replays reach.")
    prune_seconds: float = 3600.0
    hold_effects: bool = Field(default=False, description="After a restore: mails and documents wait until it is taken away.")


CrashPoint = Literal[
    "batch_before_commit",
    "batch_after_commit",
    "batch_after_ack",
    "relay_after_read",
    "relay_after_send",
    "deadline_before_commit",
    "effect_after_lease",
    "effect_after_act",
    "command_before_commit",
]
"""Places of the core where a test lets a process die: what stands before and after each differs in what is stored."""


class Settings(BaseSettings):
    """All settings of one process. Printable: secrets are masked."""

    model_config = SettingsConfigDict(env_prefix="O2C_", env_nested_delimiter="__", secrets_dir=None, extra="ignore")

    environment: Literal["development", "test", "production"] = "development"
    instance: str = Field(default="0", description="Number of this replica: the group member is `<service>-<instance>`.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = True
    kafka: Kafka = Kafka()
    postgres: Postgres = Postgres()
    http: Http = Http()
    auth: Auth = Auth()
    smtp: Smtp = Smtp()
    mailbox: Mailbox = Mailbox()
    objects: Objects = Objects()
    signatures: Signatures = Signatures()
    letters: Letters = Letters()
    workers: Workers = Workers()
    tracing: Tracing = Tracing()
    tmf: Tmf = Tmf()
    salesforce_topics: Annotated[list[str] | None, NoDecode] = Field(
        default=None, description="Topics of Salesforce that intake reads; absent: all that the mappings of organisations name."
    )
    sandbox_clock_file: Path | None = Field(default=None, description="Sandbox only: a file with the clock's offset in seconds.")
    rules_dir: Path | None = Field(default=None, description="Decision tables edited by the operator; absent: those shipped.")
    crash_at: Annotated[dict[CrashPoint, int], NoDecode] = Field(
        default={}, description="Test environment only: `<point>:<times>,...` kills this process with 9 there, so many times."
    )
    crash_log: Path = Field(
        default=Path(".o2c/crashes"), description="Test environment only: remembers each of these deaths over restarts."
    )

    @field_validator("salesforce_topics", mode="before")
    @classmethod
    def _split_topics(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("crash_at", mode="before")
    @classmethod
    def _split_points(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        points = (part.strip().partition(":") for part in value.split(","))
        return {name: times or 1 for name, _, times in points}

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.environment == "production" and self.kafka.security != "SASL_SSL":
            raise ValueError("in production O2C_KAFKA__SECURITY is SASL_SSL: anybody could forge facts otherwise")
        return self
