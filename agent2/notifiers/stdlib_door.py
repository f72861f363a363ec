"""urllib, by which the Slack SDK goes, made to behave: direct, bounded, silent.

The SDK has no switch for redirects, proxies or the size of an answer; the opener that
urllib uses for the whole process has. The process is a lane: it sends for one
notifier and nothing else.
"""

from __future__ import annotations

import logging
from http.client import HTTPException
from urllib import request
from urllib.error import HTTPError, URLError

from agent2.notifiers import http
from agent2.plugins import SendError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# ValueError: an answer that is no text (UnicodeDecodeError) or no JSON.
# LookupError: an answer in an encoding that does not exist.
ERRORS = (OSError, HTTPException, ValueError, LookupError)


class _NoRedirect(request.HTTPRedirectHandler):
    def redirect_request(self, *_anything: Any) -> None:
        """Follow nothing: the redirect's own status is the answer."""


class _Capped(request.BaseHandler):
    def http_response(self, _request: Any, answer: Any) -> Any:
        read = answer.read
        answer.read = lambda size=http.LIMIT: read(min(size or 0, http.LIMIT))
        return answer

    https_response = http_response


def open_directly(scheme: str, ca_file: str) -> None:
    """Make urllib follow nothing, ask no proxy and read no more than 64 KiB."""
    doors: list[request.BaseHandler] = [request.ProxyHandler({}), _NoRedirect()]
    if scheme == "https":
        doors.append(request.HTTPSHandler(context=http.tls(ca_file)))
    request.install_opener(request.build_opener(*doors, _Capped()))


def silent() -> logging.Logger:
    """Return a logger that says nothing: the SDK logs addresses and bodies."""
    logger = logging.getLogger("agent2.silent")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def failure(error: BaseException, where: str) -> SendError:
    """Return what one of ``ERRORS`` means."""
    for each in http.chain(error):
        if isinstance(each, HTTPError):  # a failure whose body was not even text
            try:
                http.judge(each.code, each.headers.get("Retry-After"), where)
            except SendError as judged:
                return judged
    return http.failure(error, where, sent=not isinstance(error, URLError))
