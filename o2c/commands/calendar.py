"""`o2c calendar deadline`: when a term ends, which days did not count on the way, and why."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from shared.calendar.calendar import Unit

app: Final = typer.Typer(add_completion=False, help="Calendarios de Bolivia: plazos y días que no cuentan.", no_args_is_help=True)
LA_PAZ: Final = ZoneInfo("America/La_Paz")
WEEKDAYS: Final = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")
UNITS: Final[dict[str, "Unit"]] = {"calendar": "CALENDAR", "business": "BUSINESS"}


@app.callback()
def group() -> None:
    """Calendarios de Bolivia."""


def instant(text: str) -> datetime:
    """The instant a person wrote: without an offset it is the wall clock of La Paz."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} no es un momento como 2026-09-16T11:00.") from error
    return told if told.tzinfo else told.replace(tzinfo=LA_PAZ)


@app.command()
def deadline(
    start: Annotated[datetime, typer.Option("--from", parser=instant, help="Desde cuándo; sin zona es la hora de Bolivia.")],
    days: Annotated[int, typer.Option(min=0, max=3660, help="Días del plazo.")] = 0,
    hours: Annotated[float, typer.Option(min=0, max=87600, help="Horas del plazo, después de los días.")] = 0,
    kind: Annotated[Literal["calendar", "business"], typer.Option(help="Días y horas corridos, o hábiles.")] = "calendar",
    department: Annotated[
        Literal["H", "L", "C", "O", "P", "T", "S", "B", "N"] | None,
        typer.Option(case_sensitive=False, help="Departamento de la sede; sin él, el calendario nacional."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Salida JSON.")] = False,
) -> None:
    """Dice cuándo termina un plazo y qué días no contaron, con su razón."""
    if not days and not hours:
        raise typer.BadParameter("Indique --days o --hours.")
    told = answer(start, days, hours, kind, department)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    typer.echo(f"{_shown(datetime.fromisoformat(told['deadline']), '%d/%m/%Y %H:%M')} (hora de Bolivia)")
    for one in told["skipped"]:
        typer.echo(f"  no cuenta {_shown(datetime.fromisoformat(one['date']), '%d/%m/%Y')}: {one['reason']}")


def answer(start: datetime, days: int, hours: float, kind: str, department: str | None) -> dict[str, Any]:
    """The deadline in local time and in UTC, the calendar it was computed by, and the days skipped."""
    from shared.calendar.calendar import Calendar  # noqa: PLC0415 - it loads every holiday, which takes a second

    calendar, unit = Calendar.bolivia(), UNITS[kind]
    at = calendar.ends_at(start, unit, days=days, hours=hours, department=department)
    skipped = calendar.skipped(start, unit, days=days, hours=hours, department=department)
    return {
        "from": start.astimezone(LA_PAZ).isoformat(),
        "days": days,
        "hours": hours,
        "kind": kind,
        "calendar": {"id": f"BO-{department}" if department else "BO", "version": calendar.version},
        "deadline": at.astimezone(LA_PAZ).isoformat(),
        "deadline_utc": at.isoformat().replace("+00:00", "Z"),
        "skipped": [{"date": day.isoformat(), "reason": reason} for day, reason in skipped],
    }


def _shown(at: datetime, form: str) -> str:
    return f"{WEEKDAYS[at.weekday()]} {at:{form}}"
