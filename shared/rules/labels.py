"""What people write for a value (`partners.md` 2.5): compared without case, accents, and with space, `_`, `-`, `/` alike."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


def plain(label: str) -> str:
    """A label as it is compared."""
    letters = (one for one in unicodedata.normalize("NFKD", label) if not unicodedata.combining(one))
    text = "".join(" " if one in "_-/" else one for one in letters)
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True, eq=False)
class Labels(Mapping[str, Mapping[str, str]]):
    """Per kind the value behind each compared label."""

    kinds: Mapping[str, Mapping[str, str]]

    def value(self, kind: str, text: str) -> str | None:
        """The value that a person's word stands for, None when no label says it. Raises KeyError for an unknown kind."""
        return self.kinds[kind].get(plain(text))

    def __getitem__(self, kind: str) -> Mapping[str, str]:
        return self.kinds[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self.kinds)

    def __len__(self) -> int:
        return len(self.kinds)
