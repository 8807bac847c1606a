"""The base of every error that is told to a user instead of shown as a traceback."""

from __future__ import annotations


class Refusal(Exception):
    """Input or a request that is refused.

    The message is one clear sentence (or one per fault) that names the file or value, the
    place in it, and what to do. The command line prints it and ends with exit code 1.
    """


class Waiting(Exception):
    """Nothing to do yet: the message says what is waited for. Exit code 3."""
