"""Where documents are kept: a folder, or an S3-compatible bucket; written once."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, from_url

UNREACHABLE: Final[tuple[type[BaseException], ...]] = (BaseError, TimeoutError)
"""The store does not answer: to be tried again."""


class OtherContentError(Exception):
    """Something else already stands under this reference; it is never overwritten."""


@cache
def store_of(url: str) -> Any:
    """The store behind the address; a folder is made where there is none."""
    if url.startswith("file://"):
        folder = Path(url.removeprefix("file://")).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(prefix=folder)
    return from_url(url)


async def put_once(url: str, ref: str, content: bytes) -> str:
    """Stores content under its reference and answers its SHA-256. The same again is fine, other content is an error."""
    digest = sha256(content).hexdigest()
    try:
        await obstore.put_async(store_of(url), ref, content, mode="create")
    except AlreadyExistsError:
        if sha256(await fetch(url, ref)).hexdigest() != digest:
            raise OtherContentError(ref) from None
    return digest


async def fetch(url: str, ref: str) -> bytes:
    """The content under a reference. Raises FileNotFoundError when there is none."""
    found = await obstore.get_async(store_of(url), ref)
    return bytes(await found.bytes_async())
