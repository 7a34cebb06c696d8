"""A mail server's IMAP side for a test, on the loop-back: RFC 3501 as far as a reader of one mailbox goes, with MOVE or without.

Folders keep whole mails with their UIDs, so a mail is somewhere or gone; `fails` names commands that are refused.
"""

import asyncio
import base64
import re
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

USER, PASSWORD = "rebotes@example.com", 'clave con ñ y "comillas"'
UID_LINE = re.compile(r"(?P<tag>\S+) (?P<name>(?:UID )?\S+) ?(?P<rest>.*)", re.IGNORECASE)


@dataclass
class Mail:
    uid: int
    raw: bytes
    came_at: datetime
    flags: set[str] = field(default_factory=set)


@dataclass
class MailServer:
    """`with MailServer() as server`: takes one user; each session opens one folder."""

    tls: ssl.SSLContext | None = None
    able: tuple[str, ...] = ("AUTH=PLAIN", "UIDPLUS", "MOVE")
    prefix: str = ""
    fails: set[str] = field(default_factory=set)
    folders: dict[str, list[Mail]] = field(default_factory=lambda: {"INBOX": []})
    asked: list[str] = field(default_factory=list)
    port: int = 0
    _last: int = 0

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        opening = asyncio.start_server(self._session, "127.0.0.1", 0, ssl=self.tls, limit=1 << 22)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        async def close() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def delivers(self, raw: bytes, at: datetime = datetime(2026, 1, 5, 13, 30, tzinfo=UTC)) -> None:
        self._last += 1
        self.folders["INBOX"].append(Mail(self._last, raw, at))

    def texts(self, folder: str) -> list[bytes]:
        return [one.raw for one in self.folders.get(folder, [])]

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK IMAP4rev1 listo\r\n")
        opened, known = "", False
        try:
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                found = UID_LINE.fullmatch(line)
                assert found, line
                tag, name, rest = found["tag"], found["name"].upper(), found["rest"]
                self.asked.append(name)
                if name == "AUTHENTICATE":
                    writer.write(b"+ \r\n")
                    told = base64.b64decode(await reader.readline()).decode().split("\0")
                    known = told == ["", USER, PASSWORD]
                    writer.write(f"{tag} {'OK' if known else 'NO'} listo\r\n".encode())
                    continue
                if name == "SELECT":
                    opened = rest.strip('"')
                public = name in {"CAPABILITY", "LOGOUT"}
                lines, verdict = self._answer(name, rest, opened) if known or public else ([], "NO")
                for one in lines:
                    writer.write(b"* " + one + b"\r\n")
                writer.write(f"{tag} {'NO' if name in self.fails else verdict} listo\r\n".encode())
                await writer.drain()
                if name == "LOGOUT":
                    break
        finally:
            writer.close()

    def _answer(self, name: str, rest: str, opened: str) -> tuple[list[bytes], str]:
        mails: list[Mail] = self.folders.get(opened, [])
        if name in self.fails:
            return [], "NO"
        match name:
            case "CAPABILITY":
                return [f"CAPABILITY IMAP4rev1 {' '.join(self.able)}".encode()], "OK"
            case "CREATE":
                folder = rest.strip('"')
                if folder in self.folders or not folder.startswith(self.prefix):
                    return [], "NO"
                self.folders[folder] = []
                return [], "OK"
            case "STATUS":
                folder = rest.split('"')[1]
                told = f'STATUS "{folder}" (MESSAGES {len(self.folders.get(folder, []))})'
                return ([told.encode()], "OK") if folder in self.folders else ([], "NO")
            case "SELECT":
                return [f"{len(mails)} EXISTS".encode(), b"FLAGS (\\Seen \\Deleted)"], "OK"
            case "UID SEARCH":
                uids = [str(one.uid) for one in mails if r"\Deleted" not in one.flags]
                return [("SEARCH " + " ".join(uids)).encode()], "OK"
            case "UID FETCH" | "UID MOVE" | "UID COPY" | "UID STORE" | "UID EXPUNGE":
                return self._with_one(name, rest, mails)
            case "EXPUNGE":
                mails[:] = [one for one in mails if r"\Deleted" not in one.flags]
                return [], "OK"
            case "SUBSCRIBE" | "LOGOUT" | "NOOP":
                return [b"BYE adios"] if name == "LOGOUT" else [], "OK"
        return [], "BAD"

    def _with_one(self, name: str, rest: str, mails: list[Mail]) -> tuple[list[bytes], str]:
        uid, _, what = rest.partition(" ")
        place, one = next(((place, one) for place, one in enumerate(mails, 1) if one.uid == int(uid)), (0, None))
        if one is None:
            return [], "OK"
        match name:
            case "UID FETCH" if "INTERNALDATE" in what:
                return [f'{place} FETCH (UID {uid} INTERNALDATE "{one.came_at:%d-%b-%Y %H:%M:%S +0000}")'.encode()], "OK"
            case "UID FETCH":
                size = int(re.findall(r"<0\.(\d+)>", what)[0])
                part = one.raw[:size]
                return [f"{place} FETCH (UID {uid} BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")"], "OK"
            case "UID STORE":
                one.flags.add(what.partition("(")[2].rstrip(")"))
                return [], "OK"
            case "UID EXPUNGE":
                mails[:] = [two for two in mails if two is not one or r"\Deleted" not in two.flags]
                return [f"{place} EXPUNGE".encode()], "OK"
        folder = what.strip('"')
        if folder not in self.folders:
            return [], "NO"
        self._last += 1
        self.folders[folder].append(Mail(self._last, one.raw, one.came_at, set(one.flags)))
        if name == "UID MOVE":
            mails.remove(one)
            return [f"{place} EXPUNGE".encode()], "OK"
        return [], "OK"


def settings_of(server: MailServer, **more: Any) -> dict[str, Any]:
    """How a reader reaches it."""
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "TLS" if server.tls else "PLAIN",
        "username": USER,
        "password": PASSWORD,
        "timeout_seconds": 5,
    } | more
