"""Tokens of the local mode: one key in the stack's folder, users from a file."""

import json
import time
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

HOURS: Final = 12
USERS: Final = Path(__file__).parents[2] / "deploy" / "dev" / "users.yaml"


class UnknownUserError(Exception):
    """Nobody of this name is in the file of users."""


def key_file(folder: Path) -> Path:
    """The JWK set of this stack; made with a fresh random key where there is none, readable by its owner alone."""
    path = folder / "keys" / "token.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = OctKey.generate_key(256, {"kid": "local", "alg": "HS256", "use": "sig"})
        path.touch(mode=0o600)
        path.write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
    return path


@cache
def users() -> dict[str, dict[str, Any]]:
    """The users of the local mode by id."""
    return {str(one["id"]): one for one in yaml.safe_load(USERS.read_text(encoding="utf-8"))}


def token_for(folder: Path, user: str, roles: list[str] | None = None) -> str:
    """A token of a user of the file; with `roles`, of anybody in these roles (for role players). Raises UnknownUserError."""
    known = users().get(user)
    if known is None and roles is None:
        raise UnknownUserError(user)
    keys = KeySet.import_key_set(json.loads(key_file(folder).read_text()))
    now = int(time.time())  # noqa: TID251 - tokens live in the host's time
    claims = {
        "iss": "o2c-local",
        "aud": "o2c",
        "sub": user,
        "name": (known or {}).get("name", user),
        "roles": roles or (known or {})["roles"],
        "iat": now,
        "exp": now + HOURS * 3600,
    }
    return str(jwt.encode({"alg": "HS256", "kid": "local"}, claims, keys))
