"""The file of a document: the effect that fetches it, and the fallouts it can have (2.8)."""

from shared.contracts.shapes import Doc


def store_key(doc: Doc) -> str:
    """The effect that fetches one version of a document."""
    return f"store/{doc.doc_id}/{doc.version}"


def troubles(doc: Doc) -> tuple[str, str]:
    """The fallouts of one version of a document: not fetched after the last try, or another file than was announced."""
    return f"effect/{store_key(doc)}", f"document/{doc.doc_id}/{doc.version}"
