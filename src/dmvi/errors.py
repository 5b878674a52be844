"""The one exception that a user's input can cause."""


class DmviError(ValueError):
    """Bad input: one sentence that names the key or file, what it holds, and what would be right.

    The command line prints the message without a traceback and exits with status 2.
    """
