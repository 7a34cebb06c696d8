"""What comes from outside may hold people's data: its bytes are kept encrypted as a whole, and opened only to be used (I15)."""

from collections.abc import Sequence
from typing import Final, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.settings import Letters

OURS: Final = "o2c."
"""Topics whose facts and commands name people by reference alone begin so; every other topic is somebody else's."""


class SealError(Exception):
    """There is no key, it is none, or something was sealed with another one."""


class Seal:
    """The keys of a service: the first one seals, all of them open. Without any, bytes are kept as they came."""

    def __init__(self, keys: Sequence[Fernet] = ()) -> None:
        self._keys = MultiFernet(keys) if keys else None

    @classmethod
    def of(cls, letters: Letters, *, needed: bool = False) -> Self:
        """The keys of the file that the settings name. Raises SealError for a file that holds none, or for none when needed."""
        if letters.key_file is None and needed:
            raise SealError("sin llave los mensajes muertos guardarían datos personales: indique O2C_LETTERS__KEY_FILE")
        if letters.key_file is None:
            return cls()
        try:
            keys = [Fernet(line) for line in letters.key_file.read_text().split()]
        except (OSError, ValueError) as error:
            raise SealError(f"{letters.key_file}: no hay llaves legibles, una por línea ({type(error).__name__})") from error
        if not keys:
            raise SealError(f"{letters.key_file}: no tiene ninguna llave")
        return cls(keys)

    @property
    def locks(self) -> bool:
        """Whether there is a key."""
        return self._keys is not None

    def close(self, topic: str, value: bytes | None) -> tuple[bytes | None, bool]:
        """The bytes as they are kept, and whether they are sealed: those of our own topics stay as they are."""
        if self._keys is None or value is None or topic.startswith(OURS):
            return value, False
        return self._keys.encrypt(value), True

    def open(self, value: bytes) -> bytes:
        """The bytes as they came. Raises SealError without the key they were sealed with."""
        if self._keys is None:
            raise SealError("está cifrado y falta la llave: indique O2C_LETTERS__KEY_FILE")
        try:
            return self._keys.decrypt(value)
        except InvalidToken as error:
            raise SealError("está cifrado con otra llave: agregue la anterior al archivo de O2C_LETTERS__KEY_FILE") from error
