"""The file of a document: the effect that fetches it, and the fallouts it can have (2.8)."""

from typing import Final

from services.intake.domain.state import State
from shared.common.behaviours import TRIES
from shared.contracts.shapes import Doc

OTHER_FILE: Final = "HASH_MISMATCH"


def store_key(doc: Doc) -> str:
    """The effect that fetches one version of a document."""
    return f"store/{doc.doc_id}/{doc.version}"


def troubles(doc: Doc) -> tuple[str, str]:
    """The fallouts of one version of a document: not fetched after the last try, or another file than was announced."""
    return f"effect/{store_key(doc)}", f"document/{doc.doc_id}/{doc.version}"


def given_up(state: State, doc: Doc) -> bool:
    """A person has the ball: the last try failed, or the file is not the one that was announced."""
    failed = state.deferred.get(store_key(doc))
    return failed is not None and failed.attempt > TRIES
