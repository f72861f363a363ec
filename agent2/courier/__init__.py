"""The courier: takes what people must be told from the outbox and delivers it.

    python -I -S agent2/courier/__main__.py --state-dir DIR [--clock BASE]

One small process, one at a time per state folder, and one child (a *lane*) for each
notifier that has work. The courier alone touches the store; a lane alone touches a
receiver, and dies at its deadline.
"""
