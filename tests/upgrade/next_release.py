"""The next release, made of this tree and a few changes of every kind that a release may bring.

Provisioning says something new beside `ServiceProvisioned`, testing hears it; a known fact has a field more; both fold
differently than before, and say so by their version; and both have a migration for before and one for after.
"""

import re
import shutil
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("services", "shared", "o2c")


class Edit(NamedTuple):
    """One place of one file: what stands there, and what the next release has instead."""

    file: str
    now: str
    then: str


def after(file: str, now: str, more: str) -> Edit:
    return Edit(file, now, now + more)


CONTRACTS: Final = "shared/contracts/provisioning.py"
DOMAIN: Final = "services/{}/domain/{}.py".format
ADDRESSED: Final = """

@evolve.on(AddressesAssigned)
def addressed(state: State, fact: AddressesAssigned) -> State:
    return state.having(addresses=fact.addresses)


"""
EDITS: Final = (
    Edit(
        CONTRACTS,
        "class ReworkStarted(SuborderFact):",
        '''class AddressesAssigned(SuborderFact):
    """The service has its addresses (9.1)."""

    addresses: tuple[Name, ...]


class ReworkStarted(SuborderFact):''',
    ),
    after(CONTRACTS, "    ServiceProvisioned,\n", "    AddressesAssigned,\n"),
    after(
        CONTRACTS, "    services: tuple[ProvisionedService, ...]\n    circuit_id: Name | None = None\n", "    rack: Name = ''\n"
    ),
    after(DOMAIN("provisioning", "method"), "            services=services,\n", "            rack='R-01',\n"),
    Edit(
        DOMAIN("provisioning", "follows"),
        "        return again\n",
        """        due = state.provisioned and not state.addresses
        return again or ([AddressesAssigned(addresses=('192.0.2.7',))] if due else [])
""",
    ),
    Edit(
        DOMAIN("provisioning", "follows"),
        "import EquipmentReleased, NetworkBuilt",
        "import AddressesAssigned, EquipmentReleased, NetworkBuilt",
    ),
    after(DOMAIN("provisioning", "state"), "    provisioned: bool = False\n", "    addresses: tuple[str, ...] = ()\n"),
    after(DOMAIN("provisioning", "evolve"), "    BuildItemCompleted,\n    EquipmentReleased,\n", "    AddressesAssigned,\n"),
    after(
        DOMAIN("provisioning", "evolve"),
        "evolve: Fold[State] = Fold()\n",
        ADDRESSED,
    ),
    after(
        DOMAIN("testing", "state"), "    provisioned: bool = False\n", "    rack: str = ''\n    addresses: tuple[str, ...] = ()\n"
    ),
    after(DOMAIN("testing", "evolve"), "        services=fact.services,\n", "        rack=fact.rack,\n"),
    Edit(
        DOMAIN("testing", "evolve"),
        "import ServiceProvisioned\n",
        "import AddressesAssigned, ServiceProvisioned\n",
    ),
    after(
        DOMAIN("testing", "evolve"),
        "evolve: Fold[State] = Fold()\n",
        ADDRESSED,
    ),
    Edit(
        "services/testing/heard.py",
        "import ReworkCompleted, ServiceProvisioned\n",
        "import AddressesAssigned, ReworkCompleted, ServiceProvisioned\n",
    ),
    after("services/testing/heard.py", "    hears(ServiceProvisioned, keep),\n", "    hears(AddressesAssigned, keep),\n"),
)
MIGRATIONS: Final = {
    "services/provisioning/migrations/0001_pre_address.sql": "CREATE TABLE address (suborder text PRIMARY KEY, seen timestamptz)",
    "services/provisioning/migrations/0002_post_address.sql": "ALTER TABLE address ALTER COLUMN seen SET NOT NULL",
    "services/testing/migrations/0001_pre_rack.sql": "ALTER TABLE aggregate ADD COLUMN rack text",
    "services/testing/migrations/0002_post_rack.sql": "ALTER TABLE aggregate ADD CHECK (rack <> '')",
}


def next_release(folder: Path) -> Path:
    """Writes the next release into the folder. Raises LookupError when a place to change is not what it was."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in EDITS:
        path = folder / edit.file
        text = path.read_text(encoding="utf-8")
        if text.count(edit.now) != 1:
            raise LookupError(f"{edit.file}: {edit.now.strip()!r} stands there {text.count(edit.now)} times")
        path.write_text(text.replace(edit.now, edit.then), encoding="utf-8")
    for service in ("provisioning", "testing"):
        path = folder / "services" / service / "app.py"
        text, count = re.subn(
            r"    version=(\d+),", lambda at: f"    version={int(at[1]) + 1},", path.read_text(encoding="utf-8")
        )
        if count != 1:
            raise LookupError(f"{path.name} of {service} has {count} versions")
        path.write_text(text, encoding="utf-8")
    for name, sql in MIGRATIONS.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(sql + ";\n", encoding="utf-8")
    return folder
