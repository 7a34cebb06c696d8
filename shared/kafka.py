"""How every client of ours reaches Kafka: addresses and who it is, taken from the settings in this one place."""

import ssl
from collections.abc import Mapping
from typing import Any, Final

from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.settings import Kafka

MECHANISMS: Final[Mapping[str, type[SASLPlaintext | SASLScram256 | SASLScram512]]] = {
    "PLAIN": SASLPlaintext,
    "SCRAM-SHA-256": SASLScram256,
    "SCRAM-SHA-512": SASLScram512,
}


def security(kafka: Kafka) -> BaseSecurity | None:
    """Who the client is and how it is sure of the broker, for the framework; None: neither (PLAINTEXT).

    With TLS the broker's certificate and name are checked, against `ca_file` or else the machine's authorities.
    """
    context = ssl.create_default_context(cafile=kafka.ca_file) if kafka.encrypted else None
    if not kafka.authenticated:
        return BaseSecurity(ssl_context=context, use_ssl=True) if context else None
    # Both are said: without a context the framework's SASL classes fall back to plain text in silence.
    secret = kafka.password.get_secret_value() if kafka.password else ""
    mechanism = MECHANISMS[kafka.mechanism]
    return mechanism(username=kafka.username or "", password=secret, ssl_context=context, use_ssl=context is not None)


def client(kafka: Kafka) -> dict[str, Any]:
    """The arguments that every client of aiokafka takes: `AIOKafkaConsumer(topic, **client(settings.kafka))`."""
    return {"bootstrap_servers": list(kafka.bootstrap_servers), **parse_security(security(kafka))}
