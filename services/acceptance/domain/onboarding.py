"""Activities 16 to 18, once the service is billed: customer data, training and welcome kit, by BR022."""

from typing import Final

from services.acceptance.domain.state import Onboarding, State
from services.acceptance.domain.wording import local
from shared.calendar.calendar import local_day
from shared.common.mails import customer, heading, mail, owner
from shared.common.personal import PERSONAL
from shared.contracts.acceptance import (
    CustomerDataUpdated,
    OnboardingStarted,
    RecordKitDelivery,
    RecordTraining,
    ScheduleTraining,
    TrainingDelivered,
    TrainingNotRequired,
    TrainingScheduled,
    UpdateCustomerData,
    WelcomeKitDelivered,
)
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, FalloutResolved
from shared.contracts.shapes import Card, Invite
from shared.decider import Decision, World, refused
from shared.rules.tables import Row

STRICTEST: Final = ("LIVE", "EMAIL", "NONE")
PERSONAL_FIELDS: Final = frozenset(
    {"contacto_tecnico", "contacto_administrativo", "firmante", "nombre", "correo", "telefono", "direccion", "nit"}
)
"""Fields that are named when they change, never quoted."""
LANGUAGES: Final = {"es": "español", "en": "inglés"}


def start(state: State, card: Card, world: World) -> list[Fact]:
    """BR022 by line and segment: LIVE before EMAIL before NONE, every kit once; a gap is a fallout (17, 18)."""
    day = local_day(world.now)
    lines = sorted({item.line for item in card.items if not item.charge_only})
    rows: list[Row] = []
    for line in lines:
        row = world.tables["BR022"].decide(day, line=line, segment=card.ruling_segment)
        if row is None:
            return _gap(state, line, card)
        rows.append(row)
    training = next((one for one in STRICTEST if any(row.text("training") == one for row in rows)), "NONE")
    kits = tuple(dict.fromkeys(row.text("kit") for row in rows))
    rules = {"BR022": world.tables.version("BR022", day)}
    facts: list[Fact] = [
        OnboardingStarted.model_validate({"training": training, "kits": kits, "language": card.language, "rules": rules})
    ]
    if training == "NONE":
        facts.append(TrainingNotRequired(row=", ".join(row.row for row in rows), rules=rules))
    if training == "EMAIL":
        to, values = customer(card, "tecnico"), heading(card)
        facts.append(mail("acceptance", state.suborder, "INDUCCION", "induction", to, cc=owner(state), values=values))
    return facts


def _gap(state: State, line: str, card: Card) -> list[Fact]:
    key = f"{state.suborder}/BR022/{line}"
    if key in state.fallouts:
        return []
    detail = f"BR022 no tiene fila para {line}, {card.ruling_segment}."
    return [FalloutRaised(fallout_id=key, fallout_class="NO_RULE_ROW", step="ONBOARDING", detail=detail, queue="OM")]


def kit(state: State, card: Card, running: Onboarding) -> list[Fact]:
    """Training is over or not required: the kit goes out, once (18)."""
    values = heading(card) | {"kits": ", ".join(running.kits), "idioma": LANGUAGES.get(running.language, running.language)}
    to = customer(card, "tecnico")
    return [mail("acceptance", state.suborder, "WELCOME_KIT", "kit", to, cc=owner(state), values=values)]


def handed_over(state: State, kind: str, notification_id: str) -> list[Fact]:
    """The induction mail delivers the training, the kit's mail the kit (17, 18)."""
    running = state.onboarding
    if running is None:
        return []
    if kind == "induction" and not running.trained:
        return [TrainingDelivered(kind="EMAIL", notification_id=notification_id)]
    if kind == "kit" and not running.kit_delivered:
        return [WelcomeKitDelivered(kits=running.kits, language=running.language, notification_id=notification_id)]
    return []


def update_customer(state: State, command: UpdateCustomerData, world: World) -> Decision:
    """The difference is stored, personal fields by name only, and the customer is told (16)."""
    if not command.changes or any(not one.field.strip() for one in command.changes) or state.card is None:
        return refused("INVALID_FIELDS", paths="changes")
    for one in command.changes:
        quoted = [value for value in (one.before, one.after) if value is not None]
        if quoted and (one.field in PERSONAL_FIELDS or any(PERSONAL.search(value) for value in quoted)):
            return refused("PERSONAL_DATA")
    changed = ", ".join(one.field for one in command.changes)
    purpose = f"data/{sum(one.startswith('data/') for one in state.asked) + 1}"
    values = heading(state.card) | {"campos": changed}
    told = mail("acceptance", state.suborder, "DATOS_ACTUALIZADOS", purpose, customer(state.card, "tecnico"), values=values)
    return [CustomerDataUpdated(changed=command.changes), told]


def schedule(state: State, command: ScheduleTraining, world: World) -> Decision:
    """A live session has date, attendees and material; the customer is invited (17)."""
    running, card = state.onboarding, state.card
    if running is None or card is None or running.training != "LIVE" or running.trained:
        return refused("TRAINING_NOT_REQUIRED")
    if command.window.start <= world.now or command.window.end <= command.window.start:
        return refused("WINDOW_IN_PAST")
    purpose = f"training/{sum(one.startswith('training/') for one in state.asked) + 1}"
    invitation = mail(
        "acceptance",
        state.suborder,
        "INVITACION_CAPACITACION",
        purpose,
        customer(card, "tecnico"),
        cc=owner(state),
        values=heading(card) | {"fecha": local(command.window.start), "hasta": local(command.window.end)},
        attachments=(command.material,),
        invite=Invite(window=command.window),
    )
    return [
        TrainingScheduled(window=command.window, attendees=command.attendees, material=command.material),
        invitation,
    ]


def trained(state: State, command: RecordTraining, world: World) -> Decision:
    """The live session was held, with so many attending (17)."""
    running = state.onboarding
    if running is None or running.training != "LIVE":
        return refused("TRAINING_NOT_REQUIRED")
    if running.trained:
        return []
    if command.attendance < 1:
        return refused("ATTENDANCE_REQUIRED")
    if not running.scheduled:
        return refused("WRONG_STAGE", command="RecordTraining", stage="ONBOARDING")
    return [TrainingDelivered(kind="LIVE", attendance=command.attendance)]


def kit_by_hand(state: State, command: RecordKitDelivery, world: World) -> Decision:
    """The kit was handed over in person, with proof (18)."""
    running = state.onboarding
    if running is None or running.kit_delivered:
        return refused("KIT_ALREADY_SENT")
    if command.proof is None:
        return refused("EVIDENCE_REQUIRED", item="kit")
    delivered = WelcomeKitDelivered(kits=running.kits, language=running.language, proof=command.proof)
    failed = f"{state.suborder}/kit"
    mended = FalloutResolved(fallout_id=failed, how="MANUAL", reason="El kit se entregó en persona.")
    return [delivered, *([mended] if failed in state.fallouts else [])]
