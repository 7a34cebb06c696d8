"""What a PDF was before it was signed: a signature is an update of the file, and what it updates is its base (14.1).

Whoever signs may write what they like into the same update, so it counts only where it adds the signature and changes
nothing of what the pages show. Imported with `shared.pades` alone.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

END: Final = b"%%EOF"
CHANGES: Final = {
    "/Catalog": frozenset({"/AcroForm", "/DSS", "/Extensions", "/Perms", "/Version"}),
    "/Page": frozenset({"/Annots", "/Tabs"}),
}
"""What signing changes of the objects that were there; of the file's own description it may change all."""


def base_sha256(content: bytes, reader: PdfFileReader) -> str | None:
    """The SHA-256 of the file as its first signature found it; None where it was not signed as an update, or it changed more."""
    revision = next(one.signed_revision for one in reader.embedded_signatures if one.sig_object_type == "/Sig")
    if revision == 0 or not _only_signed(reader, revision):
        return None
    before = reader.xrefs.get_xref_container_info(revision - 1)
    return sha256(content[: content.index(END, before.end_location) + len(END)]).hexdigest()


def _only_signed(reader: PdfFileReader, revision: int) -> bool:
    old, new = (reader.get_historical_resolver(one) for one in (revision - 1, revision))
    if old.root_ref != new.root_ref or any(new.refs_freed_in_revision()):
        return False
    there: set[Any] = set().union(*(reader.xrefs.explicit_refs_in_revision(one) for one in range(revision)))
    described = {old.trailer_view.get_value_as_reference("/Info", optional=True), _metadata(old)}
    changed = (there & set(new.explicit_refs_in_revision())) - described
    return all(_as_signing_does(old.get_object(one), new.get_object(one)) for one in changed) and _only_fields(old, new)


def _metadata(old: HistoricalResolver) -> Any:
    return old.root.get_value_as_reference("/Metadata", optional=True)


def _as_signing_does(before: Any, after: Any) -> bool:
    """Whether no other entry of the object differs."""
    if not isinstance(before, DictionaryObject) or isinstance(before, StreamObject) or not isinstance(after, DictionaryObject):
        return False
    differ = {key for key in before.keys() | after.keys() if _raw(before, key) != _raw(after, key)}
    return differ <= CHANGES.get(str(before.get("/Type")), frozenset())


def _raw(dictionary: DictionaryObject, key: str) -> Any:
    return dictionary.raw_get(key) if key in dictionary else None


def _only_fields(old: HistoricalResolver, new: HistoricalResolver) -> bool:
    """Whether what was laid over the pages are signature fields: a note beside them could say anything."""
    known = [tuple(_annotations(page)) for page in _pages(old)]
    return all(
        one in before or one.get_object().get("/Subtype") == "/Widget"
        for before, page in zip(known, _pages(new), strict=True)
        for one in _annotations(page)
    )


def _pages(at: HistoricalResolver) -> Iterable[Any]:
    todo = [at.root["/Pages"]]
    while todo:
        node = todo.pop(0)
        if node.get("/Type") == "/Pages":
            todo = [*(one.get_object() for one in node["/Kids"]), *todo]
        else:
            yield node


def _annotations(page: Any) -> Iterable[Any]:
    """References, or what stands in the page itself."""
    return page.get("/Annots", ())  # type: ignore[no-any-return]
