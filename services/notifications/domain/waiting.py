"""Who has the ball: the mail server while tries go on, then the Order Manager where he can mend it."""

from services.notifications.domain.state import BOUNCED, OPEN, State
from shared.contracts.common import NotificationRequested
from shared.contracts.refusals import sentence
from shared.decider import Effect, Wait


def waiting(state: State) -> tuple[Wait, ...]:
    """None for a mail that is sent, or failed for good."""
    if state.stage in OPEN:
        key = f"{state.notification_id}/RecordDelivery"
        return (Wait(key, "SYSTEM", "Entregar el correo al servidor", ("RecordDelivery",)),)
    if not state.waits_for_retry or state.request is None:
        return ()
    if state.stage == BOUNCED:
        what = f"El correo {state.request.template} fue devuelto: corrija la dirección y vuelva a enviarlo"
    else:
        why = sentence(state.code, _named(state.request)).rstrip(".")
        what = f"El correo {state.request.template} no se envió. {why}. Corrija y vuelva a enviarlo"
    return (Wait(f"{state.notification_id}/RetryNotification", "OM", what, ("RetryNotification",)),)


def _named(request: NotificationRequested) -> dict[str, str]:
    """Whom the sentence of a failure names: one of these has no address, which one is not kept."""
    return {
        "to": " o de ".join(one.ref for one in request.to) or "quien debe recibirlo",
        "cc": " o de ".join(one.ref for one in request.cc) or "quien debe tener copia",
    }


def effects(state: State) -> tuple[Effect, ...]:
    """A mail not yet sent wants to be, under one key for ever."""
    if state.stage not in OPEN or state.request is None or state.next_at is None:
        return ()
    args = {"notification_id": state.notification_id, "request": state.request}
    return (Effect("SendMail", "mail", args, state.next_at, state.attempt),)
