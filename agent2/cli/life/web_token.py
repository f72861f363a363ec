"""Where the token of the web program lies."""

from __future__ import annotations

from agent2.cli.settings import Settings
from agent2.plan import secret, sources, stored


def token_file(settings: Settings) -> str:
    """Return the path of the token's file."""
    try:
        found = stored.load(settings.path(sources.PLAN_NAME)).web.get("token_file")
    except stored.PlanError:
        found = ""
    return str(found) if found else settings.path("web.token")


def token_of(settings: Settings) -> str:
    """Return the token, "" if it cannot be read."""
    try:
        return secret.read_secret(token_file(settings))[0].strip()
    except (OSError, UnicodeDecodeError):
        return ""
