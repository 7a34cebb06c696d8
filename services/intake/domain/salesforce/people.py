"""People of an order: contacts are split off for their own topic, facts keep references (`partners.md` 2.7)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from services.intake.domain.salesforce.quirks import QuirkError
from services.intake.domain.salesforce.reader import Node
from services.intake.domain.salesforce.sites import SoldSite
from shared.contracts.contacts import ContactRecord
from shared.contracts.shapes import Language

PHONE: Final = re.compile(r"\+591[0-9]{8}", re.ASCII)
MAIL: Final = re.compile(r"[^@\s]{1,100}@[^@\s]{1,90}")
NOBODYS_NIT: Final = "0000000"
"""Stands for the NIT of a part that was judged when it came (1.6)."""
Note = Callable[[ContactRecord], None]
SPOKEN: Final = {"FIRMANTE": "firmante", "TECNICO": "técnico", "ADMINISTRATIVO": "administrativo"}
CUSTOMER_ROLES: Final = tuple(SPOKEN)


@dataclass(frozen=True)
class People:
    """References for the facts, and the records behind them."""

    parent: str
    executive: str
    executive_known: bool
    team: dict[str, str]
    contacts: dict[str, str]
    language: Language
    records: tuple[ContactRecord, ...]
    staff_by_name: Mapping[str, str] = field(default_factory=dict)


def read_people(order: Node, parent: str, sites: list[SoldSite], at: datetime | None, nit: re.Pattern[str]) -> People:
    """Owner, team, contacts of the customer and of each site; a missing customer contact is a warning."""
    records: dict[str, ContactRecord] = {}
    names: dict[str, str] = {}

    def note(record: ContactRecord) -> None:
        records[record.ref] = record.model_copy(update={"updated_at": at})

    owner = order.child("Owner")
    if owner is None and not order.has("Owner"):
        order.violate("REQUIRED_FIELD", "Owner")
    executive = _staff(owner, note, names) if owner else ""
    team = _team(order, note, names)
    _approver(order, note)
    _customer(order, note, nit)
    language = _customer_contacts(order, parent, note)
    for site in sites:
        _site_contact(site, note)
    contacts = {role.lower(): f"{parent}:{role.lower()}" for role in CUSTOMER_ROLES}
    contacts["cliente"] = f"{order.id('AccountId') or ''}:cliente"
    known = owner is not None and owner.id("Id") is not None
    return People(parent, executive or "0", known, team, contacts, language, tuple(records.values()), names)


def _staff(node: Node, note: Note, names: dict[str, str]) -> str:
    staff, name = node.need_id("Id"), node.need_text("Name")
    node.read("Email", mail, needed=True)
    if node.id("Id"):
        note(ContactRecord(ref=staff, kind="staff", name=name, email=mail_of(node, "Email"), phone=node.text("Phone")))
        names[name.casefold()] = staff
    return staff


def _team(order: Node, note: Note, names: dict[str, str]) -> dict[str, str]:
    """The roles that the sale names; the first of a role stands."""
    team: dict[str, str] = {}
    for node in order.children("Team"):
        role = node.label("Role__c", "team", needed=True)
        staff = _staff(node, note, names)
        if role:
            team.setdefault(role, staff)
    return team


def _approver(order: Node, note: Note) -> None:
    """Who approved the profitability: a person of ours, known by id."""
    node = order.child("Profitability")
    staff = node.id("ApproverId") if node else None
    if node and staff:
        note(ContactRecord(ref=staff, kind="staff", name=node.text("ApproverName") or "", email=mail_of(node, "ApproverEmail")))


def _customer(order: Node, note: Note, form: re.Pattern[str]) -> None:
    """The customer's NIT has the form that the operator says; there is no public check digit."""
    account, name = order.need_id("AccountId"), order.text("AccountName") or ""
    raw = order.value.get("TaxId__c")
    nit = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not order.has("TaxId__c"):
        order.violate("REQUIRED_FIELD", "TaxId__c")
    elif nit != NOBODYS_NIT and not form.fullmatch(nit):
        order.violate("NIT_INVALID", "TaxId__c")
    elif order.id("AccountId"):
        note(ContactRecord(ref=f"{account}:cliente", kind="customer", name=name, nit=nit))


def _customer_contacts(order: Node, parent: str, note: Note) -> Language:
    """FIRMANTE, TECNICO and ADMINISTRATIVO; who is missing is warned of until `PutContact` brings him."""
    reachable: set[str] = set()
    languages: dict[str, Language] = {}
    for node in order.children("Contacts"):
        role = node.label("Role__c", "contact", needed=True)
        email = mail_of(node, "Email")
        spoken = cast("Language", node.label("Language__c", "language") or "es")
        if role is None:
            continue
        note(
            ContactRecord(
                ref=f"{parent}:{role.lower()}",
                kind="contact",
                name=node.need_text("Name"),
                email=email,
                phone=phone_of(node, "Phone"),
                language=spoken,
            )
        )
        languages[role] = spoken
        reachable |= {role} if email else set()
    for role in CUSTOMER_ROLES:
        if role not in reachable:
            order.findings.warn("CONTACT_MISSING", order.at("Contacts"), role=SPOKEN[role])
    return languages.get("TECNICO") or languages.get("FIRMANTE") or "es"


def _site_contact(site: SoldSite, note: Note) -> None:
    place = site.place
    if place is None or site.node.id("Id") is None:
        return
    note(
        ContactRecord(
            ref=f"{site.suborder}:sede",
            kind="site",
            name=place.text("ContactName") or "",
            email=mail_of(place, "ContactEmail"),
            phone=phone_of(place, "ContactPhone"),
            street=place.text("Street"),
        )
    )


def mail(raw: object) -> str:
    """A mail address in its outer form."""
    if not isinstance(raw, str) or not MAIL.fullmatch(raw.strip()):
        raise QuirkError("field_type")
    return raw.strip()


def mail_of(node: Node, name: str) -> str | None:
    """The address, None when there is none that could be written to."""
    try:
        return mail(node.value.get(name))
    except QuirkError:
        return None


def phone_of(node: Node, name: str) -> str | None:
    """The phone as given; another form than +591 and eight digits is a warning."""
    phone = node.text(name)
    if phone and not PHONE.fullmatch(phone.replace(" ", "")):
        node.findings.warn("PHONE_FORMAT", node.at(name))
    return phone
