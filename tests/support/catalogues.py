"""The catalogues of other languages: what is to be translated, `make messages`, and what they are compiled to.

Pure Python (Babel), so that nobody needs GNU gettext: not who translates, not who runs Digitre. The compiled files are
committed; a test compares them with what they are compiled from.
"""

import ast
import io
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "digitre_site" / "locale"
ENGLISH = ROOT / "tests" / "js" / "english.json"
PLURAL_FORMS = {
    "de": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "it": "nplurals=2; plural=(n != 1);",
    "pl": "nplurals=3; plural=(n == 1 ? 0 : n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14) ? 1 : 2);",
    "tr": "nplurals=2; plural=(n != 1);",
    "ar": "nplurals=6; plural=(n == 0 ? 0 : n == 1 ? 1 : n == 2 ? 2 : n%100 >= 3 && n%100 <= 10 ? 3 : n%100 >= 11 ? 4 : 5);",
}
NOTE = "# How people are spoken to here, and which word stands for what."
APPS = ("digitre_site", "recognizer", "training")
# Calls that hold a message: the places of its context, its text and its plural among the arguments
CALLS: dict[str, tuple[int | None, int, int | None]] = {
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "Sentence": (None, 0, None),
    "counted": (None, 0, 1),  # Sentence.counted, and a page's words
    "marked": (None, 0, None),
    "InvalidDrawing": (None, 1, None),
}


@dataclass(frozen=True)
class Message:
    text: str
    plural: str = ""
    context: str | None = None

    @property
    def id(self) -> str | tuple[str, str]:
        return (self.text, self.plural) if self.plural else self.text


def languages() -> list[str]:
    """Return the languages to translate to."""
    from django.conf import settings

    return [code for code, _ in settings.LANGUAGES if code != "en"]


@cache
def messages() -> dict[Message, list[str]]:
    """Return every message of Python and of the templates, with the files it stands in; pages first, as they are read."""
    found: dict[Message, list[str]] = {}
    for path in public_templates():
        for message in template_messages(path):
            _note(found, message, path)
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            for message in python_messages(ast.parse(path.read_text())):
                _note(found, message, path)
    return found


def _note(found: dict[Message, list[str]], message: Message, path: Path) -> None:
    places, name = found.setdefault(message, []), path.relative_to(ROOT).as_posix()
    if name not in places:
        places.append(name)


def public_templates() -> list[Path]:
    """Every page but the admin's, which stays English."""
    templates = ROOT / "templates"
    return [path for path in sorted(templates.rglob("*.html")) if "admin" not in path.relative_to(templates).parts]


def python_messages(tree: ast.AST) -> Iterator[Message]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in CALLS:
            context, text, plural = (_constant(node, place) for place in CALLS[name])
            if text:
                yield Message(text, plural or "", context)


def _constant(call: ast.Call, place: int | None) -> str | None:
    argument = call.args[place] if place is not None and place < len(call.args) else None
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def template_messages(path: Path) -> Iterator[Message]:
    from django.templatetags.i18n import BlockTranslateNode, TranslateNode

    for node in template_nodes(path):
        if isinstance(node, TranslateNode):
            literal = getattr(node.filter_expression.var, "literal", None)
            if isinstance(literal, str):  # else a variable: what it may hold is marked where it is made
                yield Message(_doubled(literal), context=_resolved(node.message_context))
        elif isinstance(node, BlockTranslateNode):
            text, plural = (node.render_token_list(tokens)[0] for tokens in (node.singular, node.plural or []))
            yield Message(text, plural, _resolved(node.message_context))


def template_nodes(path: Path) -> list[Any]:
    from django.template import engines
    from django.template.base import Node

    django: Any = engines["django"]
    nodes: list[Any] = django.engine.from_string(path.read_text()).nodelist.get_nodes_by_type(Node)
    return nodes


def _doubled(literal: str) -> str:
    """Django looks for a template's text with its percent signs doubled."""
    return literal.replace("%", "%%")


def _resolved(context: Any) -> str | None:
    return None if context is None else str(context.resolve({}))


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    with po_path(language).open("rb") as file:
        return read_po(file)


def header(language: str) -> str:
    """What gettext has to know of a catalogue, and nothing that changes with each run."""
    return f"Content-Type: text/plain; charset=utf-8\nLanguage: {language}\nPlural-Forms: {PLURAL_FORMS[language]}\n"


def compiled(catalogue: Catalog, language: str) -> bytes:
    """Return a catalogue as GNU gettext's .mo: a table of keys, one of texts, and both themselves. The same each time."""
    texts = {b"": header(language).encode()}
    texts |= {_key(entry): _text(entry).encode() for entry in catalogue if entry.id and is_translated(entry)}
    keys = sorted(texts)
    table, place = [], 28 + 16 * len(keys)
    for part in (*keys, *(texts[key] for key in keys)):
        table.append(struct.pack("<II", len(part), place))
        place += len(part) + 1
    start = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0)
    return start + b"".join(table) + b"".join(part + b"\0" for part in (*keys, *(texts[key] for key in keys)))


def forms(entry: Entry) -> tuple[str, ...]:
    """Return an entry's translation, in each of its plural forms."""
    return (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())


def is_translated(entry: Entry) -> bool:
    return bool(forms(entry)) and all(forms(entry))


def _key(entry: Entry) -> bytes:
    text = entry.id if isinstance(entry.id, str) else "\0".join(entry.id)
    return (f"{entry.context}\4{text}" if entry.context else text).encode()


def _text(entry: Entry) -> str:
    return "\0".join(forms(entry))


def update(language: str) -> int:
    """Bring a catalogue up to date and compile it: new messages are empty, unused ones leave. Returns how many are empty."""
    path = po_path(language)
    old = read(language) if path.exists() else Catalog(header_comment=NOTE)
    new = Catalog(header_comment=old.header_comment, fuzzy=False, charset="utf-8")
    new.mime_headers = [("Plural-Forms", PLURAL_FORMS[language])]
    for message, places in messages().items():
        known = old.get(message.id, message.context)
        said = known.string if known else ""
        found: Any = [(place, None) for place in places]  # without numbers of lines, which change with every edit
        new.add(message.id, said, locations=found, context=message.context)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(new, language))
    path.with_suffix(".mo").write_bytes(compiled(new, language))
    return sum(not is_translated(entry) for entry in new if entry.id)


def written(catalogue: Catalog, language: str) -> bytes:
    """Return a catalogue as text, for who translates it."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=120, omit_header=True)
    start = "".join(f'"{line}\\n"\n' for line in header(language).splitlines())
    return f'{catalogue.header_comment}\nmsgid ""\nmsgstr ""\n{start}\n'.encode() + buffer.getvalue()


def english() -> str:
    """Return what the pages' scripts say in English, as JSON, for their tests in Node."""
    from recognizer.page_words import PAGES, page_words

    words: dict[str, Any] = {}
    for page in PAGES:
        words |= json.loads(page_words(page, "en"))
    return json.dumps(words, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
    django.setup()
    for language in languages():
        print(f"{language}: {update(language)} of {len(messages())} messages are not translated yet")  # noqa: T201
    ENGLISH.write_text(english())


if __name__ == "__main__":
    main()
