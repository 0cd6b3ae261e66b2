"""What the pages' scripts say. The modules hold keys; a page brings its sentences along, in its language and no other.

`{a_digit}` is a digit after "a" or "an", `{A_digit}` the same with a capital: translations write `{digit}`. `{article}` is that
word alone, before a digit in large type, and translations leave it out.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext, override, pgettext_lazy

from recognizer.inference.answers import CERTAINTIES, REFUSAL
from recognizer.words import said

# One number of each plural category that browsers know (Intl.PluralRules); "other" is what the rest falls back to
SAMPLES = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}


@dataclass(frozen=True)
class Counted:
    """A sentence about `{count}` things."""

    one: str
    more: str

    def forms(self) -> dict[str, str]:
        """Return the sentence by plural category, less those that are said as "other" is."""
        said = {category: ngettext(self.one, self.more, count) for category, count in SAMPLES.items()}
        return {category: text for category, text in said.items() if category == "other" or text != said["other"]}


def counted(one: str, more: str) -> Counted:
    return Counted(one, more)


Words = dict[str, "str | Promise | Counted"]

FIRST_CALLS: Words = {  # what may have to be said before anything else has come
    "try_again": gettext_lazy("Try again"),
    "fault": gettext_lazy("Something went wrong on this page. Your drawing is still here; try again."),
    "timeout": gettext_lazy("That takes too long. Your drawing is still here; try again."),
    "unreachable": gettext_lazy("I cannot reach the server. Your drawing is still here; try again in a moment."),
    "offline": gettext_lazy("You are offline. Your drawing is still here; try again when you are back."),
    "failed": gettext_lazy("The server could not read that. Try again."),
}
LATER_CALLS: Words = {
    "no_cookies": gettext_lazy(
        "Cookies seem to be blocked here, so I cannot tell whose drawing it is. Allow them for this site to correct me."
    ),
    "throttled": gettext_lazy("That was a lot in a short time. Nothing is lost; try again {when}."),
    "unavailable": gettext_lazy("The reader is not ready. Nothing is lost; try again {when}."),
    "in_a_moment": pgettext_lazy("when to try again", "in a moment"),
    "in_seconds": counted("in {count} second", "in {count} seconds"),
    "in_minutes": counted("in {count} minute", "in {count} minutes"),
    "in_hours": counted("in {count} hour", "in {count} hours"),
    "gone": gettext_lazy("This browser no longer holds the key to that drawing."),
    "decided": gettext_lazy("A reviewer has already decided on this one. Thanks all the same."),
    "too_large": gettext_lazy("That is more than the server takes. Clear and draw it anew."),
}
CALLS: Words = {**FIRST_CALLS, **LATER_CALLS}
LABELS: Words = {"not_a_digit": pgettext_lazy("a label", "not a digit")}
TEASE: Words = {"tease": REFUSAL}
PALM: Words = {"palm": gettext_lazy("That was as wide as a hand and left no ink. Draw with a fingertip.")}
THANKS: Words = {
    "thanks": gettext_lazy("Thanks."),
    "thanks_accepted": gettext_lazy("Thanks. It is accepted."),
    "thanks_waiting": gettext_lazy("Thanks. A reviewer will look at it."),
}
ANSWERS: Words = {
    **CERTAINTIES,  # by the API's own words
    "share": pgettext_lazy("a share", "{number} %"),
    "after_tease": gettext_lazy("I see no digit in it."),
    "no_digit_yet": gettext_lazy("No digit yet."),
    "i_read_a": pgettext_lazy("before a digit in large type", "I read {article}"),
    "i_read": pgettext_lazy("before a digit in large type", "I read"),
    "you_say": pgettext_lazy("before a digit in large type", "You say"),
    "looks_like": pgettext_lazy("before a digit in large type", "Looks like"),
    "too_close": gettext_lazy("Too close to call"),
    "which_if_any": gettext_lazy("If it is one: which?"),
    "was_right": gettext_lazy("Was that right?"),
    "which_one": gettext_lazy("Which one?"),
    "yes": gettext_lazy("Yes, {digit}"),
    "choice": pgettext_lazy("a button that offers a digit", "{A_digit}"),
    "really_none": gettext_lazy("Really not a digit? I am very sure of {a_digit}."),
    "it_is": gettext_lazy("It is {a_digit}"),
    "none": pgettext_lazy("a button", "Not a digit"),
    "like_none": gettext_lazy("You said that one like it is no digit."),
    "like_this": gettext_lazy("You draw your {digit}s like this."),
    "like_both": gettext_lazy("You have drawn both like this."),
    "that_is_none": gettext_lazy("Not a digit."),
    "so_that_is": gettext_lazy("So that is {a_digit}."),
    "read_right": gettext_lazy("I read it right."),
    "reading": gettext_lazy("Reading…"),
    "saved_as": gettext_lazy("Saved as {label}."),
    "news": counted(
        "{count} new drawing since version {version}.",
        "{count} new drawings since version {version}.",
    ),
    "news_next": counted(
        "{count} new drawing since version {version}; next training at {next}.",
        "{count} new drawings since version {version}; next training at {next}.",
    ),
}
DRAW: Words = {
    "speck": gettext_lazy("That is only a speck. Draw a bit bigger."),
    "unsent": gettext_lazy("What you said of the last drawing is not saved."),
    "no_picture_read": gettext_lazy("I cannot open that picture. Draw the digit on the paper."),
    "full": gettext_lazy("That is a lot of strokes for one digit. Clear and start again."),
}
PICTURE: Words = {"no_picture": gettext_lazy("This browser makes no picture of it.")}
ROUNDS: Words = {
    "draw": gettext_lazy("Draw {a_digit}."),
    "place": pgettext_lazy("which digit of a round it is", "{number} of {length}"),
    "it_reads": gettext_lazy("It reads {a_digit}."),
    "it_reads_none": gettext_lazy("It sees no digit in it."),
    "i_drew": gettext_lazy("Yes, I drew {a_digit}"),
    "score": gettext_lazy("It read {right} of {all}."),
    "all_right": gettext_lazy("Every one. Your hand is an open book to it."),
    "misread": gettext_lazy("What it misread is worth most: a reviewer will look, and the next version will learn."),
    "mark_right": pgettext_lazy("of a digit in a round", "read right"),
    "mark_wrong": pgettext_lazy("of a digit in a round", "read as {digit}"),
    "mark_refused": pgettext_lazy("of a digit in a round", "read as no digit"),
    "mark_skipped": pgettext_lazy("of a digit in a round", "left out"),
    "mark_waiting": pgettext_lazy("of a digit in a round", "not read yet"),
    "round_held": gettext_lazy("It is kept here, and read once there is a connection."),
    "score_waits": counted(
        "{count} more is read once there is a connection.", "{count} more are read once there is a connection."
    ),
    **PICTURE,
}
YOURS: Words = {
    "drawn_at": gettext_lazy("Your drawing of {moment}"),
    "version_read": gettext_lazy("Version {version} read {digit}."),
    "version_refused": gettext_lazy("Version {version} refused it."),
    "learned_from": gettext_lazy("Among what version {versions} learned from."),
    "done_without": gettext_lazy("The newest version did without it: {reason}."),
    "says": pgettext_lazy("one of several in a list", "version {version} says {digit}"),
    "said": pgettext_lazy("one of several in a list", "version {version} said {digit}"),
    "says_none": pgettext_lazy("one of several in a list", "version {version} says no digit"),
    "said_none": pgettext_lazy("one of several in a list", "version {version} said no digit"),
    "deleted": gettext_lazy("Deleted. It can be undone for a few seconds."),
    "kept": pgettext_lazy("a drawing, not deleted after all", "Kept."),
    "saved_as": gettext_lazy("Saved as {label}."),
    "you_said": gettext_lazy("You said {label}."),
    "not_confirmed": gettext_lazy("Not confirmed."),
    "say_what": gettext_lazy("Say what it is"),
    "correct": pgettext_lazy("a button: put it right", "Correct"),
    "all_deleted": gettext_lazy("All your drawings are deleted."),
    "no_strokes": gettext_lazy("Only its picture was kept, not how it was drawn."),
    "what_it_saw": gettext_lazy("what the network saw"),
    **PICTURE,
}
OFFLINE: Words = {  # what waits for the network, and what may be wrong with a call
    **LATER_CALLS,
    "read_then_tell": gettext_lazy("Read it again, then tell me."),
    "read_again": pgettext_lazy("a button", "Read it again"),
    "waiting": counted("{count} drawing waits for the network.", "{count} drawings wait for the network."),
    "keep_open": gettext_lazy("This browser keeps nothing here: leave the page open until then."),
    "all_sent": gettext_lazy("All that waited is sent."),
    "not_taken": gettext_lazy("Something that waited was not taken."),
    "outbox_full": gettext_lazy("No more drawings fit in here until there is a connection."),
    "held": gettext_lazy("I cannot read it without a connection."),
    "held_which": gettext_lazy("Which digit is it? Both are kept here, and sent by themselves."),
    "held_as": gettext_lazy("Kept here as {label}."),
    "held_thanks": gettext_lazy("It is sent once there is a connection."),
    "join_waits": gettext_lazy("What was drawn here is still to be sent. Join once it is."),
    "others_wait": gettext_lazy("What the last person drew here is still to be sent. Then yours are shown."),
    "next_waits": gettext_lazy("What was drawn here is still to be sent; until then nobody else can begin."),
}
WALL: Words = {
    "share": pgettext_lazy("a share", "{number} %"),
    "people": counted("person", "people"),  # behind a large figure
    "drawings": counted("drawing", "drawings"),
}
PAGES: dict[str, Words] = {
    "draw": {**FIRST_CALLS, **PALM, **DRAW},  # the first page is to be light: what can come later does
    "answers": {**LABELS, **TEASE, **THANKS, **ANSWERS},  # of the draw page too: they come with the first stroke
    "rounds": {**CALLS, **TEASE, **PALM, **ROUNDS},
    "drawings": {**CALLS, **LABELS, **THANKS, **YOURS},
    "offline": OFFLINE,  # of every page with an outbox: they come with it
    "join": CALLS,
    "wall": WALL,
}


@lru_cache(maxsize=64)  # a few pages in eight languages
def page_words(page: str, language: str) -> str:
    """Return a page's sentences as JSON, safe inside a script element."""
    with override(language):
        words = {key: _said(sentence) for key, sentence in PAGES[page].items()}
    text = json.dumps(words, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


def version(page: str, language: str) -> str:
    """Return what changes with a page's sentences: browsers keep them under it."""
    return hashlib.sha256(page_words(page, language).encode()).hexdigest()[:12]


def _said(sentence: "str | Promise | Counted") -> str | dict[str, str]:
    if isinstance(sentence, Counted):
        return sentence.forms()
    return said(sentence) if isinstance(sentence, str) else str(sentence)
