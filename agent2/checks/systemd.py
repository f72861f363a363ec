"""How does systemd say that a unit does, and how did it end (``systemctl show``)?"""

from __future__ import annotations

from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host import spawn, systemd
from agent2.host.exits import describe_exit, signal_name
from agent2.host.processes import identity_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor

_ASKED = (
    "LoadState ActiveState SubState Result MainPID NRestarts"
    " ExecMainCode ExecMainStatus"
)
_MARGIN = 0.05  # seconds before the deadline at which systemctl is killed


@value
class SystemdCheck:
    """Ask for one unit's state: active is well, the rest fails.

    While it starts or stops it is neither: no restart is called a success by that.

    Attributes:
        unit: Its name; without an ending it is a service.
        user: A unit of the user's own systemd.
    """

    kind = "systemd"
    facet = Facet.PROCESS

    unit: str
    user: bool = False

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Ask once."""
        unit = plain(self.unit)
        own = ("--user",) if self.user else ()
        asked = "--property=" + ",".join(_ASKED.split())
        argv = ("systemctl", *own, "show", asked, "--", unit)
        environment = spawn.environment({"LC_ALL": "C"}, spawn.SESSION)
        until = deadline - min(_MARGIN, (deadline - reactor.now()) / 10)
        try:
            ended = await spawn.run(reactor, argv, environment, until)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return _found(Outcome.ERROR, Code.INTERNAL, f"cannot run systemctl: {why}")
        said = ended.output.decode("utf-8", "replace")
        if ended.late or ended.status is None:
            detail = "systemctl did not answer in time"
            return _found(Outcome.ERROR, Code.INTERNAL, detail)
        if ended.status:
            how = f"systemctl: {describe_exit(ended.status)}: {said.strip()}"
            return _found(Outcome.ERROR, Code.INTERNAL, how)
        facts = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return _judged(unit, facts)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        trouble = systemd.name_trouble(plain(self.unit))
        if trouble:
            yield "unit", trouble, "one name, as systemctl status shows it"


def _judged(unit: str, facts: dict[str, str]) -> Finding:
    active = facts.get("ActiveState", "?")
    if facts.get("LoadState") not in ("loaded", None):
        said = f"unit {unit} is {facts['LoadState']}"
        return _found(Outcome.FAIL, Code.PID_MISSING, said)
    said = f"unit {unit} is {active} ({facts.get('SubState')})"
    if active in ("active", "reloading", "refreshing"):
        pid = facts.get("MainPID", "0")
        identity = identity_of(int(pid)) if pid.isdigit() and pid != "0" else None
        return Finding(Outcome.OK, Code.OK, one_line(said), identity=identity)
    if active in ("activating", "deactivating"):
        if facts.get("SubState") != "auto-restart":
            return _found(Outcome.ERROR, Code.STATUS_VALUE, said)
        said += f", start {facts.get('NRestarts')} failed"
    return _found(Outcome.FAIL, Code.PID_DEAD, f"{said}: {_why(facts)}")


def _why(facts: dict[str, str]) -> str:
    """Say the result in the words of systemd.service(5), and how its process ended."""
    result, status = facts.get("Result", "?"), facts.get("ExecMainStatus", "0")
    ended = facts.get("ExecMainCode")
    if ended in ("2", "3") and status.isdigit():  # CLD_KILLED, CLD_DUMPED
        return f"{result}, killed by {signal_name(int(status))}"
    if ended == "1":
        return f"{result}, exit code {status}"
    return result


def _found(outcome: Outcome, code: Code, detail: str) -> Finding:
    return Finding(outcome, code, one_line(detail))
