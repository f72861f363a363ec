"""The web program: what is known, over HTTP; and the few things one may ask for.

    socket -> protocol (caps, deadlines) -> guard (host, origin, rate, token, body)
           -> route -> store (read only) or one change -> JSON

Everything is refused that no line here allows.
"""
