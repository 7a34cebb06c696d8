"""As many different orders as a case needs: the bank of the samples, two sites each, under ids of their own."""

import json
from functools import cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any, Final

from o2c.commands.demo import read_event

OTHERS: Final = digits + ascii_lowercase
MOST: Final = len(ascii_uppercase) * len(OTHERS) * len(ascii_uppercase)
SAMPLE_ORDER, SAMPLE_ITEM, SAMPLE_NUMBER = "8015g00000AbC", "8025g00000It0", "000123"


@cache
def _sample() -> str:
    return json.dumps(read_event(None))


def order(number: int) -> dict[str, Any]:
    """The platform event of order `number`, from 0 to MOST - 1; no two share an id.

    A Salesforce id ends in a checksum of which of its letters are capitals, so capitals stay where the sample has them.
    """
    first, rest = divmod(number, len(OTHERS) * len(ascii_uppercase))
    second, third = divmod(rest, len(ascii_uppercase))
    capital, other = ascii_uppercase[first], OTHERS[second]
    text = _sample().replace(SAMPLE_ORDER, f"8015g00000{capital}{other}{ascii_uppercase[third]}")
    text = text.replace(SAMPLE_ITEM, f"8025g00000{capital}{other}{OTHERS[third]}")
    event: dict[str, Any] = json.loads(text.replace(SAMPLE_NUMBER, f"{number:06d}"))
    return event | {"EventUuid": f"bench-{number}"}
