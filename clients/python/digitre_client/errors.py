"""What can go wrong with a call."""


class ApiError(Exception):
    """The site answered that it will not. `detail` is a sentence to show, `code` a word for programs."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail


class Conflict(ApiError):
    """Another reviewer holds the drawing, or has decided on it."""


class Unreachable(Exception):
    """There was no answer, however often it was tried."""
