"""A fake mail relay on a raw socket: STARTTLS, AUTH, and any refusal at any step."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from tests.fakes.base import Behaviour, Fake, Received


class FakeSmtp(Fake):
    """Takes mail for anybody.

    *replies* maps the beginning of a command to the answer given instead, e.g.
    ``{"RCPT TO:<b@": "550 no such user"}``; the banner is ``""``, the end of the
    mail ``"."``. An answer ``cut`` closes the connection, ``hang`` says nothing,
    ``drip`` never ends.
    """

    name = "smtp"

    def __init__(self, log=None, *, starttls: ssl.SSLContext | None = None, tls=None):
        self.starttls = starttls
        self.replies: dict[str, str] = {}
        self.commands: list[str] = []
        self.password = "mail-secret-password"
        super().__init__(log, tls)

    def mails(self) -> list[EmailMessage]:
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(each.body) for each in self.received]

    def serve(self, wire: socket.socket) -> None:
        told = self.next_behaviour()
        if told is not None and told.mode == "slam":
            self.reset(wire)
            return
        if told is not None and told.mode in {"hang", "deaf"}:
            self.hang(wire)
            return
        if told is not None and told.mode == "drip":
            self.drip(wire, b"220-" + b"x" * 10_000, told.every)
            return
        self._talk(wire, told)

    def _talk(self, wire: socket.socket, told: Behaviour | None) -> None:
        reader = wire.makefile("rb")
        sender, recipients = "", []
        with reader:
            if not self._say(wire, "", "220 fake.example ESMTP"):
                return
            while line := reader.readline(65536):
                word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
                word = word.upper()
                command = f"{word} {rest}".strip()
                self.commands.append(command)
                if word in {"EHLO", "HELO"}:
                    offers = ["fake.example", "8BITMIME", "SIZE 1000000"]
                    if self.starttls and not isinstance(wire, ssl.SSLSocket):
                        offers.append("STARTTLS")
                    else:
                        offers.append("AUTH PLAIN LOGIN")
                    text = "\r\n".join(
                        f"250{'-' if i < len(offers) - 1 else ' '}{each}"
                        for i, each in enumerate(offers)
                    )
                    going = self._say(wire, command, text)
                elif word == "STARTTLS":
                    if not self._say(wire, command, "220 go ahead"):
                        return
                    if self.starttls is None:
                        continue
                    wire = self.starttls.wrap_socket(wire, server_side=True)
                    self._open.add(wire)
                    try:
                        self._after_tls(wire, told)
                    finally:
                        self._open.discard(wire)
                        wire.close()
                    return
                elif word == "AUTH":
                    given = base64.b64decode(command.split(" ")[-1]).split(b"\0")[-1]
                    good = given.decode() == self.password
                    going = self._say(wire, command, "235 in" if good else "535 no")
                elif word == "MAIL":
                    sender = command.partition("<")[2].partition(">")[0]
                    going = self._say(wire, command, "250 ok")
                elif word == "RCPT":
                    text = self._reply(command, "250 ok")
                    if text.startswith("25"):
                        recipients.append(command.partition("<")[2].partition(">")[0])
                    going = self._say(wire, command, "250 ok")
                elif word == "DATA":
                    going = self._say(wire, command, "354 go on")
                    if self._reply(command, "354").startswith("354"):
                        going = self._take(wire, reader, sender, recipients, told)
                    sender, recipients = "", []
                elif word == "QUIT":
                    self._say(wire, command, "221 bye")
                    return
                else:
                    going = self._say(wire, command, "250 ok")
                if not going:
                    return

    def _after_tls(self, wire: ssl.SSLSocket, told: Behaviour | None) -> None:
        banner, self.replies[""] = self.replies.get(""), "none"
        try:
            self._talk(wire, told)
        finally:
            self.replies.pop("")
            if banner is not None:
                self.replies[""] = banner

    def _take(self, wire, reader, sender, recipients, told) -> bool:
        lines = []
        while (line := reader.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if line == b"":
            return False
        content = b"".join(lines)
        if told is not None and told.mode == "answer":
            self._say(wire, ".", f"{told.status} told so")
            return True
        final = self._reply(".", "250 taken")
        if final.startswith("250") or final in {"cut", "hang"}:
            self.note(
                Received(
                    fake=self.name,
                    at=time.time(),
                    raw=content,
                    body=content,
                    sender=sender,
                    recipients=tuple(recipients),
                )
            )
        return self._say(wire, ".", "250 taken")

    def _reply(self, command: str, usual: str) -> str:
        for begin, text in self.replies.items():
            if command == begin or (begin and command.startswith(begin)):
                return text
        return usual

    def _say(self, wire: socket.socket, command: str, usual: str) -> bool:
        text = self._reply(command, usual)
        if text == "none":
            return True
        if text == "cut":
            return False
        if text == "hang":
            self.hang(wire)
            return False
        if text == "drip":
            self.drip(wire, b"250-" + b"x" * 10_000, 0.3)
            return False
        self.send(wire, text.encode() + b"\r\n")
        return True
