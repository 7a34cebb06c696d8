"""Grafana's dashboards from a table of panels: what is looked at, in which unit, and why."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

SCHEMA: Final = 41
"""Of the dashboard's JSON; Grafana 11 and later read it and bring it forward by themselves."""
WIDTH, HEIGHT, ACROSS = 8, 8, 3
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
OURS: Final = 'service=~"$service"'


class Panel(NamedTuple):
    """One panel: each query with its legend; `unit` is Grafana's name of it."""

    title: str
    why: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"


def one(title: str, why: str, unit: str, query: str, legend: str, kind: str = "timeseries") -> Panel:
    """A panel with one query, in which $ours stands for the chosen services."""
    return Panel(title, why, unit, ((query.replace("$ours", OURS), legend),), kind)


def gauge(title: str, why: str, unit: str, metric: str, by: str = "service", where: str = "$ours") -> Panel:
    """The highest of all replicas, since each tells the same of its schema."""
    legend = " ".join(f"{{{{{name}}}}}" for name in by.split(", "))
    return one(title, why, unit, f"max by ({by}) ({metric}{{{where}}})", legend)


def rate(title: str, why: str, metric: str, by: str, where: str = "$ours", unit: str = "cps") -> Panel:
    """Events a second, of all replicas together."""
    legend = " ".join(f"{{{{{name}}}}}" for name in by.split(", "))
    return one(title, why, unit, f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval]))", legend)


def quantiles(title: str, why: str, metric: str, by: str) -> Panel:
    """Half and 99 of 100 were faster than this."""
    legend = " ".join(f"{{{{{name}}}}}" for name in by.split(", "))
    query = f"histogram_quantile(%s, sum by (le, {by}) (rate({metric}_bucket{{{OURS}}}[$__rate_interval])))"
    return Panel(title, why, "s", tuple((query % part, f"{name} {legend}") for part, name in (("0.5", "p50"), ("0.99", "p99"))))


DASHBOARDS: Final[Mapping[str, tuple[str, Sequence[Panel]]]] = {
    "o2c-ordenes": (
        "O2C · Órdenes",
        (
            gauge("Abiertas por etapa", "Lo que alguien todavía debe mover.", "short", "o2c_orders_open", "service, stage"),
            gauge("Abiertas sin cambios", "Cuánto hace que no cambian.", "short", "o2c_orders_open", "service, age"),
            gauge("Quién tiene la pelota", "Tareas pendientes de cada parte.", "short", "o2c_tasks_open", "party, task"),
            gauge("Tarea más antigua", "Desde cuándo espera cada parte.", "s", "o2c_task_age_seconds", "party, task"),
            rate("Hechos", "Lo que ocurre en el negocio, por tipo.", "o2c_facts_total", "type"),
            rate(
                "Comandos", "Lo que las personas y los socios piden, y qué se respondió.", "o2c_commands_total", "command, code"
            ),
            one(
                "Aceptación tácita",
                "Parte de las aceptaciones que vencieron sin firma, en siete días.",
                "percentunit",
                'sum(increase(o2c_facts_total{type="AcceptanceExpired"}[7d]))'
                ' / sum(increase(o2c_facts_total{type=~"AcceptanceExpired|AcceptanceSigned"}[7d]))',
                "tácitas",
                "stat",
            ),
        ),
    ),
    "o2c-relojes": (
        "O2C · Relojes",
        (
            gauge("Plazos en curso", "Tareas que tienen un límite.", "short", "o2c_clocks_running", "party, task"),
            gauge("Vencen en 24 horas", "Plazos que terminan hasta mañana.", "short", "o2c_clocks_due_24h", "party, task"),
            gauge("Vencidos", "Plazos que pasaron sin respuesta.", "short", "o2c_clocks_breached", "party, task"),
            gauge(
                "Las 24 horas de Activaciones",
                "Pedidos a Activaciones fuera de plazo.",
                "short",
                "o2c_clocks_breached",
                "service, task",
                'party="ACTIVACIONES"',
            ),
            gauge(
                "Aceptaciones por vencer",
                "Actas sin firma cuyo plazo termina en 24 horas.",
                "short",
                "o2c_clocks_due_24h",
                "task",
                'service="acceptance",party="CLIENTE"',
            ),
            gauge("Plazos sin atender", "Vencidos y todavía no disparados; debe ser cero.", "short", "o2c_deadlines_overdue"),
            quantiles("Retraso al disparar", "Del plazo al hecho.", "o2c_deadline_lateness_seconds", "service"),
            gauge("Diferencia de reloj", "Equipo, reloj monótono y base de datos.", "s", "o2c_clock_skew_seconds", "instance"),
        ),
    ),
    "o2c-mensajeria": (
        "O2C · Mensajería",
        (
            one(
                "Atraso por partición",
                "Mensajes que ninguna réplica leyó todavía.",
                "short",
                "sum by (service, topic, partition) (o2c_consumer_lag{$ours})",
                "{{service}} {{topic}}/{{partition}}",
            ),
            gauge(
                "Última lectura", "Desde que el consumidor leyó por última vez.", "s", "o2c_consumer_poll_age_seconds", "instance"
            ),
            gauge("Hechos por publicar", "Confirmados y todavía no en Kafka.", "short", "o2c_outbox_pending"),
            gauge("El más antiguo por publicar", "Edad del primero de la cola.", "s", "o2c_outbox_age_seconds"),
            one(
                "Réplicas que publican",
                "Debe ser una por servicio.",
                "short",
                "sum by (service) (o2c_relay_leader{$ours})",
                "{{service}}",
            ),
            rate("Reinicios del publicador", "Con el error que los causó.", "o2c_relay_restarts_total", "service, error"),
            gauge("Mensajes muertos", "Sin repetir ni descartar.", "short", "o2c_dead_letters_open"),
            gauge("Órdenes bloqueadas", "Detenidas por un error nuestro.", "short", "o2c_aggregates_blocked"),
            gauge(
                "Hechos que faltan", "Números que nunca llegaron a su tema.", "short", "o2c_sequence_missing", "source", where=""
            ),
            gauge("Mensajes en espera", "Detrás de una orden bloqueada.", "short", "o2c_parked"),
            rate("Leídos", "Mensajes por tema.", "messaging_client_consumed_messages_total", "service, topic"),
            rate("Publicados", "Hechos por tema.", "messaging_client_sent_messages_total", "service, topic"),
            rate("Repetidos", "Reconocidos, sin efecto.", "o2c_duplicates_total", "service"),
            quantiles("De un servicio a otro", "Del hecho a su lectura confirmada.", "o2c_message_age_seconds", "service"),
        ),
    ),
    "o2c-avisos": (
        "O2C · Avisos y efectos",
        (
            gauge(
                "Correos por etapa",
                "DEFERRED se reintenta; FAILED y BOUNCED esperan a una persona.",
                "short",
                "o2c_orders_open",
                "stage",
                'service="notifications"',
            ),
            rate(
                "Correos",
                "Enviados, diferidos, fallidos y devueltos.",
                "o2c_facts_total",
                "type",
                'service="notifications",type=~"NotificationSent|DeliveryDeferred|NotificationFailed|NotificationBounced"',
            ),
            rate("Efectos", "Cada intento, con su resultado.", "o2c_effects_total", "kind, outcome"),
            gauge("Efectos pendientes", "Lo que ya debería hacerse.", "short", "o2c_effects_waiting"),
            gauge("El efecto más antiguo", "Desde cuándo debería estar hecho.", "s", "o2c_effects_age_seconds"),
            quantiles("Duración de un intento", "Correo, PDF, documento.", "o2c_effect_duration_seconds", "kind"),
        ),
    ),
    "o2c-servicios": (
        "O2C · Servicios",
        (
            one("En marcha", "Procesos que responden a Prometheus.", "short", 'up{job="o2c"}', "{{instance}}", "stat"),
            gauge("Versión", "Lo que corre en cada proceso.", "short", "o2c_build_info", "instance, version"),
            quantiles("Duración de un lote", "De la lectura al acuse.", "o2c_batch_duration_seconds", "service"),
            quantiles("Mensajes por lote", "Lotes llenos indican atraso.", "o2c_batch_size", "service")._replace(unit="short"),
            one(
                "Solicitudes por HTTP",
                "Comandos por ruta y código.",
                "reqps",
                "sum by (http_route, http_response_status_code)"
                " (rate(http_server_request_duration_seconds_count[$__rate_interval]))",
                "{{http_route}} {{http_response_status_code}}",
            ),
            one(
                "Duración por HTTP, p99",
                "Del comando a su respuesta.",
                "s",
                "histogram_quantile(0.99, sum by (le, instance)"
                " (rate(http_server_request_duration_seconds_bucket[$__rate_interval])))",
                "{{instance}}",
            ),
            rate("Lotes repetidos", "Por una falla de la base o del almacén.", "o2c_db_retries_total", "service, error"),
            gauge("Conexiones en uso", "De cada reserva.", "short", "o2c_db_pool_in_use", "instance, pool"),
            rate("Acuses fallidos", "Lo repetido se reconoce.", "o2c_ack_failures_total", "service, error"),
        ),
    ),
}


def document(uid: str) -> dict[str, Any]:
    """One dashboard as Grafana's JSON."""
    title, panels = DASHBOARDS[uid]
    return {
        "uid": uid,
        "title": title,
        "tags": ["o2c"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "America/La_Paz",
        "annotations": {"list": []},
        "links": [{"type": "dashboards", "title": "O2C", "tags": ["o2c"], "asDropdown": True, "keepTime": True}],
        "templating": {"list": [_source(), _services()]},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Fuente", "type": "datasource", "query": "prometheus", "hide": 0}


def _services() -> dict[str, Any]:
    return {
        "name": "service",
        "label": "Servicio",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": "label_values(o2c_build_info, service)", "refId": "service"},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, ACROSS)
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.why,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {} if panel.kind == "stat" else {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": query.replace("$ours", OURS), "legendFormat": legend}
            for place, (query, legend) in enumerate(panel.queries)
        ],
    }
