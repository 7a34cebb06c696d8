"""Which command is legal at which stage, and for whom."""

from typing import Final

from services.notifications.domain.state import BOUNCED, FAILED, SENT, STAGES
from shared.contracts.common import AssignTask, RecordEffectFailed
from shared.contracts.notifications import RecordBounce, RecordDelivery, RetryNotification
from shared.decider import SYSTEM, TEAM, allow

POLICY: Final = (
    allow(RecordDelivery, STAGES, {SYSTEM}),
    allow(RecordEffectFailed, STAGES, {SYSTEM}),
    allow(RetryNotification, {SENT, FAILED, BOUNCED}, {"OM", "OPS"}),  # of a sent one: refused by its own code
    allow(RecordBounce, {SENT, BOUNCED}, {"OPS"}),  # the mailbox reader has this role too
    allow(AssignTask, STAGES, {TEAM}),
)
