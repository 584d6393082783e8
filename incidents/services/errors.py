from __future__ import annotations


class EntryError(ValueError):
    """An entry that cannot be taken. `field` names the input, the message says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
