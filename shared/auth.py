"""Bearer tokens: who calls, and in which roles. Without a valid one nothing is open."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.clock import Clock
from shared.decider import Actor
from shared.settings import Auth


def known_staff(users_file: Path | None) -> Mapping[str, frozenset[str]] | None:
    """The roles of each user of the file (a list of {id, roles}), None without one."""
    if users_file is None:
        return None
    return {str(one["id"]): frozenset(one["roles"]) for one in yaml.safe_load(users_file.read_text(encoding="utf-8"))}


class NoTokenError(Exception):
    """The token is missing, malformed, expired, or not for us."""


@dataclass
class Tokens:
    """Verifies tokens against a JWK set, with pinned algorithms, issuer, audience and expiry."""

    settings: Auth
    clock: Clock
    _keys: KeySet | None = None

    def actor(self, header: str | None) -> Actor:
        """The caller named by an `Authorization: Bearer` header. Raises NoTokenError."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NoTokenError
        try:
            claims = jwt.decode(token.strip(), self._key_set(), algorithms=self.settings.algorithms).claims
            rules = jwt.JWTClaimsRegistry(
                now=lambda: int(self.clock.wall().timestamp()),
                iss={"essential": True, "value": self.settings.issuer},
                aud={"essential": True, "value": self.settings.audience},
                exp={"essential": True},
                sub={"essential": True},
            )
            rules.validate(claims)
        except (JoseError, ValueError) as error:
            raise NoTokenError from error
        roles = claims.get("roles")
        if not isinstance(roles, list) or "SYSTEM" in roles:
            raise NoTokenError
        return Actor(str(claims["sub"]), frozenset(map(str, roles)))

    def _key_set(self) -> KeySet:
        if self._keys is None:
            text = Path(self.settings.key_file).read_text()
            self._keys = KeySet.import_key_set(json.loads(text))
        return self._keys
