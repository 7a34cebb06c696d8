"""The contact record: the only place where a person's data stands (`facts.md` section 9)."""

from typing import Literal

from shared.contracts.base import Instant, Model, Name, Ref


class ContactRecord(Model):
    """A person or mailbox by reference; an empty value on the topic erases it."""

    ref: Ref
    kind: Literal["customer", "site", "contact", "staff"]
    name: Name = ""
    email: Name | None = None
    phone: Name | None = None
    street: Name | None = None
    nit: Name | None = None
    language: Name = "es"
    updated_at: Instant | None = None
