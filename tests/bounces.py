"""Mails as mail servers write them when one of ours does not arrive: the shapes of Postfix, Exchange, Gmail and Exim."""

from textwrap import dedent

OURS = "<acceptance%2F8015g00000AbC02AAF%2F7@o2c.example.com>"
ROOT = "<order%2F8015g00000AbC01AAF@o2c.example.com>"
TO, COPY = "jorge.vaca@example.com", "om.uno@example.com"
SENT_HEADERS = f"""\
From: Tigo Business <entregas@o2c.example.com>
To: =?utf-8?q?Jorge_Vaca_Su=C3=A1rez?= <{TO}>
Cc: OM <{COPY}>
Subject: Orden 00012345: acta de entrega
Message-ID: {OURS}
In-Reply-To: {ROOT}
References: {ROOT}
"""


def block(*recipients: tuple[str, str, str]) -> str:
    """The recipients of a delivery status: address, action, status; an empty one is left out."""
    texts = []
    for address, action, status in recipients:
        lines = [f"Final-Recipient: rfc822; {address}", f"Original-Recipient: rfc822;{address}"]
        lines += [f"Action: {action}"] if action else []
        lines += [f"Status: {status}"] if status else []
        texts.append("\n".join(lines))
    return "\n\n".join(texts)


def postfix(
    recipients: str = block((TO, "failed", "5.1.1")),
    *,
    headers: str = SENT_HEADERS,
    whole: bool = False,
    message_id: str = "<20261127203105.4XyZ12@mx.example.com>",
    attachment: str = "",
) -> bytes:
    """Postfix: its words, the status, and the headers of the mail or all of it; nothing else names the mail."""
    kind = "message/rfc822" if whole else "text/rfc822-headers"
    body = f"MIME-Version: 1.0\nContent-Type: text/plain\n\nSe adjunta el acta.\n{attachment}" if whole else ""
    parts = f"""\
        Return-Path: <>
        Date: Fri, 27 Nov 2026 20:31:05 +0000 (UTC)
        From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: entregas@o2c.example.com
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="4XyZ12.1/mx.example.com"
        Content-Transfer-Encoding: 8bit
        Message-Id: {message_id}

        This is a MIME-encapsulated message.

        --4XyZ12.1/mx.example.com
        Content-Description: Notification
        Content-Type: text/plain; charset=utf-8

        <{TO}>: host mail.example.com said: 550 5.1.1 unknown

        --4XyZ12.1/mx.example.com
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.com
        X-Postfix-Queue-ID: 4XyZ12
        Arrival-Date: Fri, 27 Nov 2026 20:31:00 +0000 (UTC)

        """
    end = f"\n\n--4XyZ12.1/mx.example.com\nContent-Description: Undelivered Message\nContent-Type: {kind}\n\n{headers}{body}\n"
    text = dedent(parts) + recipients + end + "--4XyZ12.1/mx.example.com--\n"
    return text.replace("\n", "\r\n").encode()


def exchange() -> bytes:
    """Exchange: words in two forms, the mail returned whole, and what it answers."""
    return (
        dedent(f"""\
            From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com>
            To: <entregas@o2c.example.com>
            Date: Fri, 27 Nov 2026 20:31:09 +0000
            Content-Type: multipart/report; report-type=delivery-status;
            \tboundary="_000_d1a2b3c4"
            X-MS-Exchange-Message-Is-Ndr:
            Content-Language: es-ES
            Message-ID: <d1a2b3c4-aaaa-bbbb-cccc-0123456789ab@journal.report.example.com>
            In-Reply-To: {OURS}
            References: {ROOT}
             {OURS}
            Subject: No se puede entregar: Orden 00012345: acta de entrega
            Auto-Submitted: auto-replied
            MIME-Version: 1.0

            --_000_d1a2b3c4
            Content-Type: multipart/alternative; boundary="_001_alt"

            --_001_alt
            Content-Type: text/plain; charset="utf-8"

            No se pudo entregar el mensaje a jorge.vaca@example.com.

            --_001_alt
            Content-Type: text/html; charset="utf-8"

            <p>No se pudo entregar el mensaje.</p>

            --_001_alt--

            --_000_d1a2b3c4
            Content-Type: message/delivery-status

            Reporting-MTA: dns;CO1PR01.prod.example.com
            Received-From-MTA: dns;mx.o2c.example.com
            Arrival-Date: Fri, 27 Nov 2026 20:31:05 +0000

            Final-Recipient: rfc822;{TO}
            Action: failed
            Status: 5.1.10
            Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found
            X-Display-Name: Jorge Vaca

            --_000_d1a2b3c4
            Content-Type: message/rfc822

            """)
        + SENT_HEADERS
        + "MIME-Version: 1.0\nContent-Type: text/plain\n\nSe adjunta el acta.\n\n--_000_d1a2b3c4--\n"
    ).encode()


def gmail() -> bytes:
    """Gmail: pictures among its words, a status with comments, the headers alone."""
    return (
        dedent(f"""\
            Return-Path: <>
            From: Mail Delivery Subsystem <mailer-daemon@googlemail.example.com>
            To: entregas@o2c.example.com
            Auto-Submitted: auto-replied
            Subject: Delivery Status Notification (Failure)
            References: {ROOT} {OURS}
            In-Reply-To: {OURS}
            X-Failed-Recipients: {TO}
            Message-ID: <6748d1a2.050a0220.abc.def.GMR@mx.google.example.com>
            Date: Fri, 27 Nov 2026 12:31:06 -0800 (PST)
            Content-Type: multipart/report; boundary="0000000000001"; report-type=delivery-status

            --0000000000001
            Content-Type: multipart/related; boundary="0000000000002"

            --0000000000002
            Content-Type: text/plain; charset="UTF-8"

            Address not found

            --0000000000002
            Content-Type: image/png; name="icon.png"
            Content-Transfer-Encoding: base64
            Content-ID: <icon.png>

            iVBORw0KGgo=

            --0000000000002--

            --0000000000001
            Content-Type: message/delivery-status

            Reporting-MTA: dns; googlemail.example.com
            Arrival-Date: Fri, 27 Nov 2026 12:31:05 -0800 (PST)
            X-Original-Message-ID: {OURS}

            Final-Recipient: rfc822; {TO}
            Action: failed
            Status: 5.1.1 (bad destination mailbox address)
            Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
            Last-Attempt-Date: Fri, 27 Nov 2026 12:31:06 -0800 (PST)

            --0000000000001
            Content-Type: message/rfc822

            """)
        + SENT_HEADERS
        + "\n--0000000000001--\n"
    ).encode()


def words_only() -> bytes:
    """An old Exim: words of its own and the addresses in a header; no machine's report, and no absence note either."""
    return dedent(f"""\
        Return-Path: <>
        From: Mail Delivery System <Mailer-Daemon@mx.example.com>
        To: entregas@o2c.example.com
        Auto-Submitted: auto-replied
        X-Failed-Recipients: {TO}
        Message-Id: <E1tGabc-0001@mx.example.com>
        Subject: Mail delivery failed: returning message to sender

        A message that you sent could not be delivered: {TO}
        """).encode()


def answered(*headers: str, content: str = "text/plain", body: str = "Estaré fuera hasta el lunes.") -> bytes:
    """What somebody or something answers to a mail of ours."""
    lines = [
        f"From: Jorge Vaca <{TO}>",
        "To: entregas@o2c.example.com",
        "Subject: RE: Orden 00012345: acta de entrega",
        "Message-ID: <a1@mail.example.com>",
        f"In-Reply-To: {OURS}",
        f"References: {ROOT} {OURS}",
        *headers,
        "MIME-Version: 1.0",
        f"Content-Type: {content}",
    ]
    return "\r\n".join([*lines, "", body, ""]).encode()


def read_receipt() -> bytes:
    """A customer's program says that the mail was shown (RFC 8098)."""
    body = dedent(f"""\
        --r
        Content-Type: text/plain

        Leído.

        --r
        Content-Type: message/disposition-notification

        Final-Recipient: rfc822; {TO}
        Original-Message-ID: {OURS}
        Disposition: manual-action/MDN-sent-manually; displayed

        --r--
        """)
    return answered(content="multipart/report; report-type=disposition-notification; boundary=r", body=body)


def forwarded(report: bytes) -> bytes:
    """A person sends on, as an attachment, a report that came to a mailbox of their own."""
    return (
        b"From: OM <om.uno@example.com>\nTo: rebotes@o2c.example.com\nMessage-ID: <f1@example.com>\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=f\n\n--f\nContent-Type: text/plain\n\nLlego a mi buzon.\n\n"
        b"--f\nContent-Type: message/rfc822\n\n" + report + b"\n--f--\n"
    )
