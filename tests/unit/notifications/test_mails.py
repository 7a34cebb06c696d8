"""Every mail of the catalogue is there in three forms, without gaps, and says what it must."""

import re
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from jinja2 import UndefinedError

from o2c.commands.mail import MORE, WITH_INVITE, WITH_TERM, example, preview_of, templates
from services.notifications.adapters import mime
from services.notifications.adapters.contacts_api import PutBody, kind_of, merged
from services.notifications.adapters.mime import Mailbox
from services.notifications.adapters.render import FOLDER, appointment, labels, readable, render, states_the_term
from services.notifications.adapters.smtp import NeverError, NotNowError, addressed, checked
from shared.contracts.contacts import ContactRecord
from shared.contracts.shapes import Invite, Recipient, Window

CATALOGUE = [
    "ORDEN_RECHAZADA",
    "ORDEN_DEVUELTA",
    "DOCUMENTOS_FALTANTES",
    "SOLICITUD_ACTIVACIONES",
    "CONSULTA_STOCK",
    "VISITA_TECNICA",
    "INVITACION_PRUEBAS",
    "INFORMACION_PRUEBAS",
    "SERVICIO_ENTREGADO",
    "PRUEBA_FALLIDA",
    "ACTA_ENTREGA",
    "RECORDATORIO_ACTA",
    "ACEPTACION_VENCIDA",
    "RECHAZO_DESESTIMADO",
    "PLAZO_MODIFICADO",
    "SOLICITUD_ALTA",
    "ALTA_REALIZADA",
    "DATOS_ACTUALIZADOS",
    "INDUCCION",
    "INVITACION_CAPACITACION",
    "WELCOME_KIT",
    "ESCALAMIENTO",
]
NOW = datetime(2026, 11, 27, 20, 30, tzinfo=UTC)
ANA = Mailbox("Ana Quispe", "ana.quispe@example.com", "a:tecnico")


def test_the_catalogue_is_complete() -> None:
    assert sorted(CATALOGUE) == templates()
    assert all((FOLDER / f"{name}.{kind}").exists() for name in CATALOGUE for kind in ("subject.txt", "txt", "html"))


@pytest.mark.parametrize("template", CATALOGUE)
def test_a_mail_reads_without_gaps_and_says_the_same_in_both_forms(template: str) -> None:
    mail = preview_of(template)
    assert "00012345" in mail.subject
    assert "\n" not in mail.subject
    for text in (mail.subject, mail.text, mail.html):
        assert not re.search(r"\{\{|\}\}|\{%|None|Undefined|\*\*|\(\)| ,| \.", re.sub(r"<style.*?</style>", "", text)), text
    for name, value in MORE.get(template, {}).items():
        if name == "campos" or (template in WITH_INVITE and name in {"fecha", "desde", "hasta"}):  # tested by themselves below
            continue
        for line in readable(value).splitlines():
            assert line in mail.text
            assert line in mail.html
    assert "Jorge Vaca Suárez" in mail.text


@pytest.mark.criterion("14.1")
def test_the_actas_mail_states_deadline_and_consequence_or_is_not_sent() -> None:
    request = example("ACTA_ENTREGA")
    assert states_the_term(request, render(request, {}))
    for missing in ("plazo", "consecuencia"):
        bare = request.model_copy(update={"values": {k: v for k, v in request.values.items() if k != missing}})
        with pytest.raises(NeverError, match="DEADLINE_TEXT_MISSING"):
            checked(bare, {})
    odd = request.model_copy(update={"values": request.values | {"consecuencia": "Facturación & aceptación <tácita>"}})
    assert states_the_term(odd, render(odd, {}))


@pytest.mark.criterion("11.2", "17")
@pytest.mark.parametrize("template", sorted(WITH_INVITE))
def test_an_invitation_says_in_words_when_it_is(template: str) -> None:
    day = "el 04/12/2026 de 10:00 a 12:00 (hora de Bolivia)"
    assert all(day in text for text in (preview_of(template).text, re.sub(r"<[^>]+>", "", preview_of(template).html)))
    night = Window.model_validate({"from": "2026-12-05T03:30:00Z", "to": "2026-12-05T05:00:00Z"})  # past midnight in La Paz
    assert appointment(night) == "del 04/12/2026 23:30 al 05/12/2026 01:00 (hora de Bolivia)"


@pytest.mark.criterion("16")
def test_changed_fields_have_the_names_that_a_customer_knows() -> None:
    named = labels("contacto_tecnico, nit, direccion, canal_de_soporte,  telefono")
    assert named == "contacto técnico, NIT, dirección, canal de soporte, teléfono"


@pytest.mark.criterion("13.2")
def test_the_delivery_mail_says_the_promised_words() -> None:
    assert "los enlaces fueron entregados y están funcionando al 100%" in preview_of("SERVICIO_ENTREGADO").text


@pytest.mark.parametrize("template", sorted(WITH_TERM))
def test_a_mail_about_the_term_needs_the_term(template: str) -> None:
    request = example(template)
    bare = request.model_copy(update={"values": {"orden": "00012345"}})
    with pytest.raises(UndefinedError):
        render(bare, {})


@pytest.mark.criterion("X.11")
def test_names_are_filled_in_from_the_contacts_at_the_last_moment() -> None:
    request = example("VISITA_TECNICA")
    request = request.model_copy(
        update={"values": request.values | {"contacto": "ref:x:sede", "telefono": "ref:x:sede/phone", "otro": "ref:x:sede/nit"}}
    )
    people = {"x:sede": ContactRecord(ref="x:sede", kind="site", name="Luis Rojas", phone="+59170000002", nit="1020304050")}
    text = render(request, people).text
    assert "Contacto en la sede: Luis Rojas" in text
    assert "Teléfono: +59170000002" in text
    assert "1020304050" not in text


def test_instants_are_read_in_local_time() -> None:
    assert readable("2026-12-01T14:00:00Z") == "01/12/2026 10:00 (hora de Bolivia)"
    assert readable("ONLINE") == "en línea (Teams)"
    assert readable("2026-12-01") == "2026-12-01"


def test_html_is_escaped() -> None:
    request = example("ORDEN_DEVUELTA")
    request = request.model_copy(update={"values": request.values | {"motivos": "<script>alert(1)</script>"}})
    assert "<script>" not in render(request, {}).html


@pytest.mark.criterion("14.6")
def test_required_copies_without_address_hold_the_mail_and_others_are_left_out() -> None:
    request = example("ACEPTACION_VENCIDA").model_copy(
        update={"cc": (Recipient(role="GI", ref="gi-1"), Recipient(role="OM", ref="area:om"))}
    )
    ref = request.to[0].ref
    people = {ref: ContactRecord(ref=ref, kind="contact", name="Jorge", email="jorge@example.com")}
    found = addressed(request, people, {"om": "om@example.com"})
    assert (found.left_out, [one.address for one in found.cc]) == (["gi-1"], ["om@example.com"])
    with pytest.raises(NotNowError, match="CC_ADDRESS_MISSING"):
        addressed(request.model_copy(update={"all_cc_required": True}), people, {"om": "om@example.com"})
    with pytest.raises(NotNowError, match=r"^ADDRESS_MISSING"):
        addressed(request, {}, {})
    with pytest.raises(NotNowError, match=r"^ADDRESS_MISSING"):
        addressed(request, {ref: people[ref].model_copy(update={"email": "jorge@@x"})}, {})


def test_a_message_id_leads_back_to_its_notification() -> None:
    for name in ("acceptance/8015g00000AbC02AAF/7", "billing/8015g00000BaA00AAF/ORIENTE-SUR/3", "testing/agenda:ing 1/2"):
        identity = mime.message_id(name, "o2c.example.com")
        assert re.fullmatch(r"<[A-Za-z0-9%._~-]+@o2c\.example\.com>", identity)
        assert mime.notification_of(identity) == name


@pytest.mark.criterion("11.2")
def test_a_moved_session_replaces_the_one_in_the_calendar() -> None:
    window = Window.model_validate({"from": NOW, "to": NOW + timedelta(hours=1)})
    mails = [
        icalendar.Calendar.from_ical(
            mime.invitation(
                "INVITACION_PRUEBAS/8015",
                Invite(window=window, link="https://teams.example.com/1"),
                preview_of("INVITACION_PRUEBAS"),
                "O2C <o2c@example.com>",
                [ANA],
                at,
            )
        )
        for at in (NOW, NOW + timedelta(hours=2))
    ]
    first, second = (calendar.walk("VEVENT")[0] for calendar in mails)
    assert first["UID"] == second["UID"]
    assert int(str(first["SEQUENCE"])) < int(str(second["SEQUENCE"]))
    assert first.decoded("DTSTART") == NOW
    assert "ana.quispe@example.com" in str(first["ATTENDEE"])
    assert mails[0]["METHOD"] == "REQUEST"


@pytest.mark.criterion("X.11")
def test_a_contact_is_written_field_by_field_and_wrong_fields_are_named() -> None:
    known = ContactRecord(ref="x:firmante", kind="contact", name="Ana", phone="+59170000001")
    record = merged(PutBody(ref="x:firmante", fields={"email": "ana@example.com"}), known, NOW)
    assert isinstance(record, ContactRecord)
    assert (record.email, record.phone, record.updated_at) == ("ana@example.com", "+59170000001", NOW)
    assert merged(PutBody(ref="x", fields={"kind": "staff", "saldo": 1}), None, NOW) == "kind, saldo"
    assert merged(PutBody(ref="x", fields={"name": 5}), None, NOW) == "name"
    assert merged(PutBody(ref="x", fields={}), None, NOW) == "fields"
    assert [kind_of(ref) for ref in ("a:cliente", "a:sede", "a:firmante", "0055g000009AbCdAAK")] == [
        "customer",
        "site",
        "contact",
        "staff",
    ]
