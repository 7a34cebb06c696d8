"""How each fact changes a mail; nothing else does."""

from typing import Final

from services.notifications.domain.state import BOUNCED, DEFERRED, FAILED, QUEUED, SENT, State
from shared.common.state import fold_common
from shared.contracts.common import CommandRefused
from shared.contracts.notifications import (
    DeliveryDeferred,
    NotificationBounced,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
)
from shared.decider import Fold

ADDRESS_CODES: Final = frozenset({"ADDRESS_MISSING", "CC_ADDRESS_MISSING"})

evolve: Fold[State] = Fold()
fold_common(evolve)
evolve.ignores(CommandRefused)


@evolve.on(NotificationQueued)
def queued(state: State, fact: NotificationQueued) -> State:
    """Taken on, or taken up again by a person; tries go on counting."""
    return state.having(
        parent=fact.parent,
        suborder=fact.request.suborder,
        billing_group=fact.request.billing_group,
        stage=QUEUED,
        notification_id=fact.notification_id,
        request=fact.request,
        queued_at=fact.queued_at,
        next_at=fact.queued_at,
        attempt=state.attempt if state.request is None else state.attempt + 1,
        server_tries=0,
        code="",
    )


@evolve.on(DeliveryDeferred)
def deferred(state: State, fact: DeliveryDeferred) -> State:
    """Another try comes; one for want of an address is not held against the mail server."""
    server = 0 if fact.code in ADDRESS_CODES else 1
    return state.having(
        stage=DEFERRED,
        attempt=fact.attempt + 1,
        server_tries=state.server_tries + server,
        next_at=fact.next_at,
        code=fact.code,
    )


@evolve.on(NotificationSent)
def sent(state: State, fact: NotificationSent) -> State:
    """The mail server has it."""
    return state.having(stage=SENT, message_id=fact.message_id, next_at=None, code="")


@evolve.on(NotificationFailed)
def failed(state: State, fact: NotificationFailed) -> State:
    """No more tries."""
    return state.having(stage=FAILED, code=fact.code, next_at=None)


@evolve.on(NotificationBounced)
def bounced(state: State, fact: NotificationBounced) -> State:
    """It came back."""
    return state.having(stage=BOUNCED, code=fact.code)
