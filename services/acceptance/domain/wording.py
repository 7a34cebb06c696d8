"""What the customer reads about the term: the absolute local deadline and its consequence (14.2)."""

from datetime import datetime
from typing import Final

from shared.calendar.calendar import LA_PAZ

CONSEQUENCE: Final = (
    "Si hasta ese momento no recibimos el acta firmada ni un rechazo, "
    "el servicio se dará por aceptado y comenzará su facturación."
)
STANDS: Final = (
    "Mientras su rechazo está en revisión el plazo no corre: la fecha vale si se reanuda hoy, "
    "y será más tarde por el tiempo que todavía dure la revisión."
)


def local(instant: datetime) -> str:
    """An instant as people in Bolivia write it: `07/12/2026 16:30`."""
    return f"{instant.astimezone(LA_PAZ):%d/%m/%Y %H:%M}"


def term(deadline: datetime) -> dict[str, str]:
    """The values of a mail that states the term: the mail is not sent without them."""
    return {"plazo": f"{local(deadline)} (hora de Bolivia)", "consecuencia": CONSEQUENCE}
