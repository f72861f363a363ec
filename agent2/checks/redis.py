"""Does a Redis answer a PING, with the password and the database that are used?

Source: https://redis.io/docs/latest/develop/reference/protocol-spec/: a command is an
array of bulk strings, its answer here one line: ``+PONG``, or ``-WORD why``.
"""

from __future__ import annotations

from agent2.checks import net
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain, revealed, scrub
from agent2.core.value import replace, value
from agent2.plan.secret import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket as socket
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Port

_LONGEST = 1024  # bytes of one answer


@value
class RedisCheck:
    """Log in if asked to, choose a database, and send PING; +PONG is well.

    While it loads its data it is neither well nor down.

    Attributes:
        port: Where it listens.
        host: Its name or address.
        username: Of an ACL user; without one the password is that of requirepass.
        password: What AUTH sends; without one nobody logs in.
        db: The number of the database that must be there.
    """

    kind = "redis"
    facet = Facet.HEALTH

    port: Port = 6379
    host: str = "127.0.0.1"
    username: str = ""
    password: Secret = Secret("")
    db: int = 0

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Ask once, all commands at once; the deadline counts everything."""
        begun = reactor.now()
        hidden: tuple[str, ...] = ()
        try:
            hidden = revealed((self.host, self.username, self.password))
            finding = await self._asked(reactor, deadline)
            timings = (("total", reactor.now() - begun),)
            finding = replace(finding, timings=timings)
        except net.ProbeError as error:
            finding = error.finding
        except Exception as error:  # a secret that is gone, no room: our trouble
            finding = net.own_trouble(error).finding
        return replace(finding, detail=scrub(finding.detail, hidden))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not plain(self.host).strip():
            yield "host", "is empty", "127.0.0.1 is this machine"
        if plain(self.username) and not plain(self.password):
            yield "username", "has no password", 'password: "${REDIS_PASSWORD}"'
        if self.db < 0:
            yield "db", "is no number of a database", "0 is the first"

    async def _asked(self, reactor: Reactor, deadline: float) -> Finding:
        host = plain(self.host)
        choices = await net.addresses(reactor, host, self.port, deadline)
        sock = await net.connect(
            reactor, choices, deadline, Code.DEADLINE, Code.REFUSED
        )
        try:
            asked = self._commands()
            request = b"".join(_spelled(command) for command in asked)
            await net.send(reactor, sock, request, deadline)
            said = await _answers(reactor, sock, len(asked), deadline)
        except ConnectionError:
            raise net.ProbeError(Code.RESET, "reset before the answer") from None
        finally:
            net.hang_up(sock)
        for command, answer in zip(asked, said, strict=False):
            right = b"+PONG" if command == ("PING",) else b"+OK"
            if answer != right:
                return _refused(command[0], answer)
        return Finding(Outcome.OK, Code.OK, f"redis on port {self.port}: PONG")

    def _commands(self) -> tuple[tuple[str, ...], ...]:
        login = (plain(self.username), plain(self.password))
        auth = (("AUTH", *filter(None, login)),) if login[1] else ()
        chosen = (("SELECT", str(self.db)),) if self.db else ()
        return (*auth, *chosen, ("PING",))


def _spelled(command: tuple[str, ...]) -> bytes:
    words = [word.encode() for word in command]
    bulk = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
    return b"*%d\r\n%b" % (len(words), bulk)


async def _answers(
    reactor: Reactor, sock: socket.socket, many: int, deadline: float
) -> list[bytes]:
    """Return *many* lines; fewer where it hung up after an error.

    Raises:
        ProbeError: no such lines, or not before *deadline*.
    """
    read = b""
    while True:
        if not await reactor.readable(sock.fileno(), deadline):
            what = "only a part of the answer" if read else "no answer"
            raise net.ProbeError(Code.DEADLINE, f"connected, but {what} in time")
        piece = sock.recv(_LONGEST)
        read += piece
        *lines, rest = read.split(b"\r\n")
        firsts = {line[:1] for line in (*lines, rest or b"+")}
        if not firsts <= {b"+", b"-"} or len(rest) > _LONGEST or len(lines) > many:
            raise net.ProbeError(Code.PROTO, "what listens there is no Redis")
        if len(lines) == many or (not piece and lines and lines[-1][:1] == b"-"):
            return lines
        if not piece:
            raise net.ProbeError(Code.PROTO, "it hung up before the answer")


def _refused(command: str, answer: bytes) -> Finding:
    """Return what an answer means that is not the right one."""
    said = answer[1:].decode("utf-8", "replace")
    detail = one_line(f"redis answers {command} with {said}")
    if answer.startswith(b"-LOADING"):  # it has begun, and reads its data
        return Finding(Outcome.ERROR, Code.STATUS_VALUE, detail)
    code = Code.STATUS_VALUE if answer[:1] == b"-" else Code.PROTO
    return Finding(Outcome.FAIL, code, detail)
