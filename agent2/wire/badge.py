"""What a target is, was and answers as a badge: an SVG that any page may show."""

from __future__ import annotations

COLORS = {"ok": "#3a7d0a", "warn": "#a15c00", "down": "#c02b2b", "unknown": "#5f6368"}
_WIDTH = 7  # of a letter at 11 px, on the generous side
# Made without style sheets and scripts: the strictest policy lets it be drawn.
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="20" role="img">'
    "<title>{name}: {state}</title>"
    '<rect width="{left}" height="20" fill="#444"/>'
    '<rect x="{left}" width="{right}" height="20" fill="{color}"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
    '<text x="6" y="14">{name}</text><text x="{after}" y="14">{state}</text></g></svg>'
)


def uptime(name: str, window: str, share: float | None) -> tuple[str, str, str]:
    """Return label, text and colour of the part of a time in which it was up.

    It is cut off, never rounded up: 99.999 % is no 100 %.
    """
    label = f"{name} uptime {window}"
    if share is None:
        return label, "unknown", COLORS["unknown"]
    state = "ok" if share >= 0.999 else "warn" if share >= 0.99 else "down"
    return label, f"{int(share * 10_000 + 1e-6) / 100:.2f} %", COLORS[state]


def response(name: str, window: str, p95_s: float | None) -> tuple[str, str, str]:
    """Return label, text and colour of the time within which 95 of 100 answers came.

    What is slow is not for a badge to say: any known time has the colour of a fact.
    """
    label = f"{name} p95 {window}"
    if p95_s is None:
        return label, "unknown", COLORS["unknown"]
    text = f"{p95_s:.2f} s" if p95_s >= 1 else f"{1000 * p95_s:.3g} ms"
    return label, text, "#2556c4"


def drawing(name: str, state: str, color: str) -> str:
    """Return the badge as SVG."""
    left, right = 12 + _WIDTH * len(name), 12 + _WIDTH * len(state)
    return _SVG.format(
        all=left + right,
        left=left,
        right=right,
        after=left + 6,
        name=_plain(name),
        state=_plain(state),
        color=color,
    )


def _plain(text: str) -> str:
    # A character that XML does not know would break the whole picture.
    text = "".join(each if each.isprintable() else "\ufffd" for each in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
