"""The bounce mailbox, by IMAP. Its folders are all the state there is: what lies in the inbox has not been read.

Blocking, as `imaplib` is: the reader calls it in threads. Every refusal of the server is an `imaplib.IMAP4.error`.
"""

import imaplib
import ssl
import time
from datetime import UTC, datetime
from typing import Any, Final

from shared.settings import Mailbox

INBOX: Final = "INBOX"
FIRST_BYTES: Final = 1 << 20
"""Of a mail this much is read: a report and the headers it returns come before the attachments that it returns too."""


class Box:
    """An open session with the inbox selected, and both folders there."""

    def __init__(self, settings: Mailbox) -> None:
        """Connects, logs in, makes the folders and opens the inbox. Raises OSError or IMAP4.error, and leaves nothing open."""
        self._settings = settings
        self._imap = _connected(settings)
        try:
            _log_in(self._imap, settings)
            self._able = set(_told(self._imap.capability())[0].decode().upper().split())
            for folder in (settings.read_folder, settings.unreadable_folder):
                self._imap.create(_quoted(folder))  # NO where it is there; what counts is that its state can be asked
                self._imap.subscribe(_quoted(folder))
                _told(self._imap.status(_quoted(folder), "(MESSAGES)"))
            _told(self._imap.select(INBOX))
        except BaseException:
            self._imap.shutdown()
            raise

    def close(self) -> None:
        """Leaves; a connection that is gone already is left as well."""
        try:
            self._imap.logout()
        except (imaplib.IMAP4.error, OSError):
            self._imap.shutdown()

    def waiting(self, before: datetime, most: int) -> list[str]:
        """The oldest mails of the inbox that came before this moment, by their UIDs."""
        found = _told(self._imap.uid("SEARCH", "UNDELETED"))[0]
        uids = (found or b"").decode().split()[:most]
        return [uid for uid in uids if self._came_at(uid) < before]

    def _came_at(self, uid: str) -> datetime:
        for one in _told(self._imap.uid("FETCH", uid, "(INTERNALDATE)")):
            local = imaplib.Internaldate2tuple(one) if isinstance(one, bytes) else None
            if local is not None:
                return datetime.fromtimestamp(time.mktime(local), UTC)
        return datetime.max.replace(tzinfo=UTC)  # gone meanwhile, or undated: not now

    def fetch(self, uid: str) -> bytes:
        """The first mebibyte of a mail, which stays unseen; nothing when it is gone."""
        answer = _told(self._imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{FIRST_BYTES}>)"))
        return next((bytes(one[1]) for one in answer if isinstance(one, tuple)), b"")

    def move(self, uid: str, folder: str) -> None:
        """Takes a mail out of the inbox, at once where the server can, else by a copy that is there before the mail is not."""
        if "MOVE" in self._able:
            _told(self._imap.uid("MOVE", uid, _quoted(folder)))
            return
        _told(self._imap.uid("COPY", uid, _quoted(folder)))
        _told(self._imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
        _told(self._imap.uid("EXPUNGE", uid) if "UIDPLUS" in self._able else self._imap.expunge())

    def unreadable(self) -> int:
        """How many mails wait for a person."""
        answer = _told(self._imap.status(_quoted(self._settings.unreadable_folder), "(MESSAGES)"))[0]
        return int(answer.decode().rpartition("MESSAGES")[2].strip(" )"))


def _connected(settings: Mailbox) -> imaplib.IMAP4:
    host, context = settings.host or "", ssl.create_default_context(cafile=settings.ca_file)
    if settings.security == "TLS":
        return imaplib.IMAP4_SSL(host, settings.port, ssl_context=context, timeout=settings.timeout_seconds)
    imap = imaplib.IMAP4(host, settings.port, timeout=settings.timeout_seconds)
    if settings.security == "STARTTLS":
        try:
            _told(imap.starttls(ssl_context=context))
        except BaseException:
            imap.shutdown()
            raise
    return imap


def _log_in(imap: imaplib.IMAP4, settings: Mailbox) -> None:
    """By SASL where it is offered, since LOGIN takes neither every name nor a password beyond ASCII."""
    password = settings.password.get_secret_value()
    if "AUTH=PLAIN" in imap.capabilities:
        imap.authenticate("PLAIN", lambda _: f"\0{settings.username}\0{password}".encode())
    else:
        imap.login(_quoted(settings.username), password)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def _told(answer: tuple[str, list[Any]]) -> list[Any]:
    """What the server said, if it was not a refusal."""
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(kind)  # its words may name a person
    return data
