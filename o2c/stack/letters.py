"""The key that dead letters of outside topics are sealed with, in the local stack."""

from pathlib import Path

from cryptography.fernet import Fernet


def letter_key_file(folder: Path) -> Path:
    """The key file of this stack; made with a fresh random key where there is none, readable by its owner alone."""
    path = folder / "keys" / "letters.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(Fernet.generate_key() + b"\n")
    return path
