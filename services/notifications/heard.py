"""The table of contents: what notifications reacts to."""

from typing import Final

from services.notifications.domain import delivery
from shared.common.behaviours import assign_task
from shared.contracts.common import AssignTask, NotificationRequested, RecordEffectFailed
from shared.contracts.notifications import RecordBounce, RecordDelivery, RetryNotification
from shared.decider import by_message, hears

HEARD: Final = (
    hears(NotificationRequested, delivery.queue, by_message),  # a mail of its own, named by the request's ce_id
    hears(RecordDelivery, delivery.record),
    hears(RecordEffectFailed, delivery.effect_failed),
    hears(RetryNotification, delivery.retry),
    hears(RecordBounce, delivery.bounce),
    hears(AssignTask, assign_task),
)
