"""What can go wrong in a way that the person at the keyboard can act on."""


class UserError(Exception):
    """A failure whose message is for the user: at most three lines, what is wrong and what to do.

    Anything else that reaches the command line is a defect of ours and keeps its trace.
    """

    exit_code: int = 1


class RetryableError(UserError):
    """A failure that can pass by waiting: a lost connection, a lock, a server that is starting."""


class NoNightError(UserError):
    """A run that had nothing to do: no night failed, and nobody is told of one."""


class BusyError(NoNightError):
    """Another run works on the same warehouse."""

    exit_code = 4


class TimeLimitError(UserError):
    """A layer, or the night, took longer than it may."""


class MissingDatabaseError(UserError):
    """The server answers, and has no database of that name."""
