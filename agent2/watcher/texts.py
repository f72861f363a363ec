"""What the watcher says in its log: one event, one line, in the configured language.

The two tokens that machines read are the same in every language:
``修复操作: {action}, 结果: {result}`` once per action, and ``响应时间: {seconds}s`` on
every line that gives a response time (and on no other). What belongs to an incident has
its id at the end, in brackets: one search by it gives the whole story. Only the first
of the two tokens has it ahead: results are counted by the end of their lines.
"""

from __future__ import annotations

from agent2.core.alerting import REASONS
from agent2.core.model import Code, Judgement, Severity, Verdict
from agent2.wire.tokens import FIX, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent2.core.effects import OpenIncident, ResolveIncident
    from agent2.watcher.watched import Watched

    Log = Callable[..., None]

_BY_CODE = frozenset(
    {
        Code.REFUSED,
        Code.DEADLINE,
        Code.PID_MISSING,
        Code.PORT_REFUSED,
        Code.STATUS_VALUE,
        Code.HTTP_STATUS,
    }
)


class Texts:
    """Writes log lines from the catalogue *words*."""

    def __init__(
        self,
        log: Log,
        words: Mapping[str, str],
        incident_of: Callable[[str], str],
        *,
        many: bool,
    ) -> None:
        """*many* targets: each line names its target, in front if nowhere else.

        *incident_of* tells the incident that a target has now, "" if it has none.
        """
        self.log = log
        self.words = words
        self._incident_of = incident_of
        self._many = many

    def say(self, level: str, sentence: str, sid: str = "", **fields: object) -> None:
        """Write the sentence ``log.{sentence}`` with its fields, which are quoted.

        *sid* is the incident it is about, if that is not the one of its ``target``.
        """
        told = {name: quoted(str(field)) for name, field in fields.items()}
        words = self.words[f"log.{sentence}"]
        text = words.format(**told).rstrip()  # a cause may be unknown
        if "target" in told and "{target}" not in words:
            text = self._named(told["target"], text)
        if not sid and "target" in told:
            sid = self._incident_of(str(fields["target"]))
        self.log(level, text, sid)

    def fix(self, target: str, label: str, result: str, sid: str) -> None:
        """Write the line that counts a repair."""
        text = self._named(target, f"{FIX}: {label}, 结果: {result}")
        self.log("INFO", text, sid, ahead=True)

    def down(self, watched: Watched, effect: OpenIncident) -> None:
        """Say at ERROR that an incident is open, and why."""
        warns = effect.incident == watched.state.warning
        self.say(
            "WARNING" if effect.severity is Severity.WARNING else "ERROR",
            "warned" if warns else "down",
            effect.incident,
            target=watched.name,
            reason=REASONS[effect.facet],
            code=effect.code.value,
            detail=effect.detail,
            incident=effect.incident,
        )

    def resolved(self, watched: Watched, effect: ResolveIncident) -> None:
        """Say that an incident is over, and how long the trouble was in all."""
        old = watched.believed
        warned = effect.incident == old.warning
        began = old.warning_at if warned else old.failing_since
        seconds = effect.at - (effect.at if began is None else began)
        self.say(
            "INFO",
            "eased" if warned else "resolved",
            effect.incident,
            target=watched.name,
            seconds=f"{max(seconds, 0.0):.1f}",
        )

    def begin(self, watched: Watched) -> None:
        """Write, for whoever debugs, that a cycle begins."""
        self._of(watched, "DEBUG", self.words["log.begin"], watched.incident)

    def cycle(self, watched: Watched, judgement: Judgement) -> None:
        """Write what one cycle found, after the death that it began with."""
        watched.say_it()
        level, text = self._cycle(watched, judgement)
        if text:
            self._of(watched, level, text, watched.story)

    def _of(self, watched: Watched, level: str, text: str, sid: str) -> None:
        self.log(level, self._named(watched.name, text), sid)

    def _named(self, target: str, text: str) -> str:
        return f"[{target}] {text}" if self._many else text

    def _cycle(self, watched: Watched, judgement: Judgement) -> tuple[str, str]:
        words = self.words
        verdict = judgement.verdict
        if verdict is Verdict.UNKNOWN:
            return self._unknown(watched, judgement)
        cause = f"{judgement.check} {judgement.code.value}"
        fresh, watched.told_cause = watched.told_cause != cause, cause
        if verdict is Verdict.BAD:
            said = words["log.bad"].format(count=watched.state.failures)
            level = "WARNING" if fresh or _is_loud(watched) else "INFO"
            return level, f"{said}: {self._why(watched, judgement)}"
        seconds = judgement.response_s
        if verdict is Verdict.DEGRADED:
            if judgement.code is Code.SLOW and seconds is not None:
                return "WARNING", words["log.slow"].format(seconds=f"{seconds:.2f}")
            detail = quoted(judgement.detail) or judgement.code.value
            return "WARNING", words["log.degraded"].format(detail=detail)
        if seconds is None:
            return "INFO", words["log.good_plain"]
        return "INFO", words["log.good"].format(seconds=f"{seconds:.2f}")

    def _unknown(self, watched: Watched, judgement: Judgement) -> tuple[str, str]:
        """Our own trouble is said when it begins or changes, not at each cycle."""
        code = judgement.code.value
        if watched.told_cause == code:
            return "DEBUG", ""
        watched.told_cause = code
        text = self.words["log.unknown"].format(
            target=watched.name, code=code, detail=quoted(judgement.detail)
        )
        return "ERROR", text

    def _why(self, watched: Watched, judgement: Judgement) -> str:
        code, detail = judgement.code, quoted(judgement.detail)
        if code not in _BY_CODE:
            return f"{code.value} {detail}".rstrip()
        said = self.words[f"log.code.{code.value}"].format(
            name=watched.title, port=watched.port, detail=detail
        )
        # The cause stays greppable by its public code in every language.
        return f"{said} ({code.value})" if detail in said else f"{said} ({detail})"


def _is_loud(watched: Watched) -> bool:
    """Is the last failure worth a warning? What goes on reminds at 4, 8, 16 …"""
    count, before = watched.state.failures, watched.believed.failures
    if count == before:  # it stands still while a restart has its time to help
        return False
    return count <= watched.policy.failure_threshold or count & (count - 1) == 0
