"""The words of the log that other people's programs look for, or count.

Those that are counted only we may write.

``grep 修复操作`` counts repairs and ``awk -F'响应时间: '`` averages response times; a
health document, a command's output or an alert's subject may hold the same words.
"""

from __future__ import annotations

STATUS_FILE = "agent2_status.json"  # here, or its readers would load its writer
FIX = "修复操作"
TIME = "响应时间"
DUPLICATE = "Duplicate event from EventBus (deduped): {id} (task={subject})"
_BROKEN = {FIX: "修复·操作", TIME: "响应·时间"}


def quoted(text: str) -> str:
    """Return foreign *text* with these words broken: readable, and not countable."""
    if text.isascii():
        return text
    for word, broken in _BROKEN.items():
        text = text.replace(word, broken)
    return text
