"""Every sentence that a visitor reads is in the catalogues, and every catalogue says all of them."""

import gettext
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Message as Entry

from recognizer.page_words import PAGES, page_words
from tests.support import bare, catalogues
from tests.support.catalogues import LOCALE, ROOT, forms, messages, po_path, read

LANGUAGES = catalogues.languages()
SCRIPTS = ROOT / "static" / "js"
OF_2017 = "You call that a digit?"  # what /_get_digit has always said
PLACE = re.compile(r"%\(\w+\)s|(?<!\{)\{\w+\}")
TAG = re.compile(r"</?(\w+)")


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# no sentence outside the catalogues


@pytest.mark.parametrize("path", catalogues.public_templates(), ids=names)
def test_a_template_says_nothing_that_is_not_translated(path: Path) -> None:
    assert not bare.in_template(path.read_text())


@pytest.mark.parametrize("path", bare.modules(ROOT), ids=names)
def test_a_module_says_nothing_to_visitors_that_is_not_translated(path: Path) -> None:
    assert not set(bare.in_python(path.read_text())) - {OF_2017}


@pytest.mark.parametrize("path", sorted(SCRIPTS.rglob("*.js")), ids=names)
def test_a_script_says_nothing_of_its_own(path: Path) -> None:
    assert not bare.in_javascript(path.read_text())


@pytest.mark.parametrize(
    "text",
    [
        "<p>Draw a digit</p>",
        '<button aria-label="Undo"></button>',
        "{% if a %}Undo{% endif %}",
        '{% translate "Undo" %} it',
        "{% blocktranslate %}Undo{% endblocktranslate %} it",
        '<meta name="description" content="Draw a digit">',
    ],
)
def test_a_bare_word_in_a_template_is_found(text: str) -> None:
    assert bare.in_template(text)


@pytest.mark.parametrize(
    "text", ['detail = "There is no such drawing."', 'detail = f"At most {n} points."', 'NotFound("No such drawing.")']
)
def test_a_bare_sentence_in_python_is_found(text: str) -> None:
    assert bare.in_python(text)


@pytest.mark.parametrize("text", ['alert.show("Try it again.");', "item.textContent = `${n} of ten`;"])
def test_a_bare_sentence_in_javascript_is_found(text: str) -> None:
    assert bare.in_javascript(text)


# what scripts ask for, their page brings along

SAYS = re.compile(r"\bsay\(([^(]*?)[,)]")
IMPORTED = re.compile(r'(?:from|import\()\s*"\.{1,2}/(.+?)"')
PAGE_MODULES = {"draw": "draw", "rounds": "rounds", "drawings": "my_drawings", "join": "join", "wall": "wall"}
SAYS_AT_LEAST = {"wall": 3}  # others more than ten things
COMES_LATER = {  # words that a page fetches itself
    "draw": {"answers", "offline"},
    "rounds": {"offline"},
    "drawings": {"offline"},
    "join": {"offline"},
}


def needed_by(module: Path, seen: set[Path]) -> set[Path]:
    if module not in seen:
        seen.add(module)
        for name in IMPORTED.findall(module.read_text()):
            needed_by(SCRIPTS / name, seen)
    return seen


@pytest.mark.parametrize("page", PAGE_MODULES)
def test_a_page_brings_along_what_its_scripts_say(page: str) -> None:
    modules = needed_by(SCRIPTS / "pages" / f"{PAGE_MODULES[page]}.js", set()) - {
        SCRIPTS / "words.js"
    }  # which says what it is asked to
    asked = {
        key for module in modules for first in SAYS.findall(module.read_text()) for key in re.findall(r'"(\w+)"', first)
    }
    brought = set().union(*(PAGES[name] for name in {page, *COMES_LATER.get(page, ())}))
    assert len(asked) >= SAYS_AT_LEAST.get(page, 11)
    assert asked <= brought


def test_scripts_are_tested_with_the_sentences_that_pages_bring() -> None:
    assert json.loads(catalogues.ENGLISH.read_text()) == json.loads(catalogues.english()), "make messages"


@pytest.mark.parametrize("page", PAGES)
def test_sentences_cannot_end_the_script_that_they_stand_in(page: str) -> None:
    assert not set("<&") & set(page_words(page, "de"))


# every catalogue


def entries(language: str) -> list[Entry]:
    return [entry for entry in read(language) if entry.id]


def source(entry: Entry) -> str:
    return entry.id if isinstance(entry.id, str) else entry.id[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_message_and_no_other(language: str) -> None:
    asked = {(message.id, message.context) for message in messages()}
    assert {(entry.id, entry.context) for entry in entries(language)} == asked, "make messages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_translated_and_nothing_is_a_guess(language: str) -> None:
    assert not [entry.id for entry in entries(language) if not catalogues.is_translated(entry) or entry.fuzzy]
    assert not read(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_counted_message_has_each_form_that_its_language_has(language: str) -> None:
    catalogue = read(language)
    assert f"nplurals={catalogue.num_plurals};" in catalogues.PLURAL_FORMS[language]
    counted = [entry for entry in entries(language) if entry.pluralizable]
    assert counted
    assert all(len(forms(entry)) == catalogue.num_plurals for entry in counted)


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_and_tags_are_those_of_the_message(language: str) -> None:
    wrong = []
    for entry in entries(language):
        places, tags = places_of(source(entry)), Counter(TAG.findall(source(entry)))
        for form in forms(entry):
            may_lack = {"{article}"} | (COUNTS if entry.pluralizable else set())  # "two days" need no figure
            is_placed = places_of(form) <= places and places - places_of(form) <= may_lack
            if not is_placed or Counter(TAG.findall(form)) != tags:
                wrong.append((source(entry), form))
    assert not wrong


COUNTS = {"{count}", "%(days)s", "%(often)s", "%(drawings)s"}


def places_of(text: str) -> set[str]:
    """The places of a sentence; `{a_digit}` is the place of `{digit}`, with a word before it that only English has."""
    return {re.sub(r"^\{[aA]_", "{", place) for place in PLACE.findall(text)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_percent_sign_is_doubled_where_django_doubles_it(language: str) -> None:
    wrong = [
        form
        for entry in entries(language)
        for form in forms(entry)
        if "%(" in source(entry) or "%%" in source(entry)
        if re.sub(r"%%|%\(\w+\)s", "", form).count("%")
    ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    assert po_path(language).with_suffix(".mo").read_bytes() == catalogues.compiled(read(language), language), (
        "make messages"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_gettext_reads_what_is_compiled(language: str) -> None:
    with po_path(language).with_suffix(".mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    for entry in entries(language):
        if isinstance(entry.id, str) and not entry.context:
            assert catalogue.gettext(entry.id) == entry.string
    assert catalogue.info()["language"] == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_says_at_its_top_how_people_are_spoken_to(language: str) -> None:
    first = po_path(language).read_text().splitlines()[0]
    assert first.startswith("# ")
    assert first != catalogues.NOTE


def test_there_is_no_catalogue_of_a_language_that_nobody_can_choose() -> None:
    assert sorted(path.name for path in LOCALE.iterdir() if path.is_dir()) == sorted(LANGUAGES)
