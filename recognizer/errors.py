"""What can go wrong with a drawing or a model, each with a sentence for the person who meets it."""


class InvalidDrawing(ValueError):
    """The bytes or strokes are not a drawing that can be read.

    Attributes:
        code: short machine word, such as ``"empty"`` or ``"invalid_image"``.
        detail: one sentence for a person, in English.
        text, values: the same with `{places}` and what is put there, for `recognizer.words` to say in another language.
    """

    def __init__(self, code: str, text: str, **values: object) -> None:
        self.code, self.text, self.values = code, text, values
        self.detail = text.format_map(values) if values else text
        super().__init__(self.detail)


class NotAdmitted(RuntimeError):
    """A campaign takes no drawing of this device's now.

    Attributes:
        code: short machine word: ``"campaign_closed"``, ``"campaign_gone"`` or ``"consent_missing"``.
        detail: one sentence for a person.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class NoChampion(RuntimeError):
    """No model can be served: neither a promoted version nor the shipped baseline loads."""


class CorruptArtifact(ValueError):
    """A model's bytes are not those its row vouches for, or do not load."""


class CallerGone(RuntimeError):
    """Whoever made the call has hung up, and may have asked somebody else since."""


class AlreadyReviewed(RuntimeError):
    """A reviewer has decided on this drawing, so its contributor's label stands as it is."""
