"""What all but the chief of a team do: the training that the chief begins, of which they keep nothing."""

from training.learning import fine_tuning, pretraining
from training.learning.team import join


def follow() -> None:
    """Wait for the chief's training, and take part in it until it ends. Its errors, and the chief's end, are raised here."""
    team = join()
    task, facts, arrays = team.hear()
    {"baseline": pretraining.follow, "fine-tuning": fine_tuning.follow}[task](team, facts, arrays)
