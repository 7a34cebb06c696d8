"""What a process refuses to start with."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.kafka import client
from shared.settings import Kafka, Settings

SCRAM: dict[str, Any] = {"security": "SASL_SSL", "username": "intake", "password": "secret"}


def test_production_speaks_to_kafka_by_name_and_encrypted_or_not_at_all() -> None:
    for kafka in ({}, {"security": "SSL"}, SCRAM | {"security": "SASL_PLAINTEXT"}):
        with pytest.raises(ValidationError, match="SASL_SSL"):
            Settings(environment="production", kafka=Kafka.model_validate(kafka))
    assert Settings(environment="production", kafka=Kafka.model_validate(SCRAM)).kafka.encrypted


def test_who_logs_in_has_a_name_and_a_password() -> None:
    for missing in ("username", "password"):
        with pytest.raises(ValidationError, match="O2C_KAFKA__USERNAME"):
            Kafka.model_validate(SCRAM | {missing: None})


def test_a_password_is_in_no_printed_setting() -> None:
    assert "secret" not in repr(Kafka.model_validate(SCRAM))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_every_client_is_told_mechanism_name_and_a_context_that_checks_the_host(mechanism: str) -> None:
    told = client(Kafka.model_validate(SCRAM | {"mechanism": mechanism}))
    assert (told["security_protocol"], told["sasl_mechanism"]) == ("SASL_SSL", mechanism)
    assert (told["sasl_plain_username"], told["sasl_plain_password"]) == ("intake", "secret")
    assert told["ssl_context"].check_hostname


def test_an_open_broker_asks_for_nothing() -> None:
    assert client(Kafka()) == {"bootstrap_servers": ["127.0.0.1:9092"]}
