"""Fakes of other companies' services, and of nothing of ours.

Each speaks the real contract, writes down every byte that it gets, and can be told
to misbehave. They run in this process (threads) or as one of their own:

    python tests/fakes/receivers.py --log FILE [--port-file FILE]
"""
