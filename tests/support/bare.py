"""Sentences that stand outside the catalogues: what people read and nobody can translate."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import Lexer, TokenType

from tests.support.catalogues import CALLS

WORD = re.compile(r"[^\W\d_]{2,}")
SENTENCE = re.compile(r"^[A-Z][a-z']*\s.*\s?\w+.*[.?!:]$|^[A-Z][\w']* \w+ \w+", re.DOTALL)
NAMES = {"Digitre"}  # of the house: the same everywhere
SPOKEN = ("aria-label", "alt", "title", "placeholder")  # attributes that people read or hear
UNSPOKEN = ("script", "style", "kbd", "code")
SILENT_CALLS = ("debug", "info", "warning", "error", "exception", "log")  # to a log, which is English
FAULTS = ("ValueError", "TypeError", "CorruptArtifact")  # of a program or a file: no visitor's
SILENT_KEYWORDS = ("help_text", "description", "summary", "card_title")  # in the schema and the model card: English too
ATTRIBUTES = ("main_class", "main_data", "next_data")  # blocks of the pages that stand inside a tag


def in_template(text: str) -> list[str]:
    """Return the words of a template that no tag translates."""
    kept, until = [], ""  # the tag that ends what is passed over
    for token in Lexer(text).tokenize():
        tag, _, rest = token.contents.partition(" ")
        if token.token_type == TokenType.TEXT and not until:
            kept.append(token.contents)
        elif token.token_type == TokenType.BLOCK and until:
            until = "" if tag == until else until
        elif token.token_type == TokenType.BLOCK and (
            tag == "blocktranslate" or (tag == "block" and rest in ATTRIBUTES)
        ):
            until = f"end{tag}"
    page = _Page()
    page.feed("".join(kept))
    page.close()
    return [words for words in page.spoken if set(WORD.findall(words)) - NAMES]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.spoken: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSPOKEN:
            self._inside.append(tag)
        named = dict(attrs)
        self.spoken += [named[name] or "" for name in SPOKEN if name in named]
        if tag == "meta" and named.get("name") == "description":
            self.spoken.append(named.get("content") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSPOKEN and self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside and data.strip():
            self.spoken.append(data.strip())


def in_python(text: str) -> list[str]:
    """Return the sentences of a module that are no messages, no documentation and no lines of a log."""
    return list(_sentences(ast.parse(text)))


def _sentences(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and SENTENCE.search(node.value):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        if SENTENCE.search(text):
            yield text
    elif not _is_silent(node):
        for child in ast.iter_child_nodes(node):
            yield from _sentences(child)


def _is_silent(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring
    if isinstance(node, ast.keyword):
        return node.arg in SILENT_KEYWORDS
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        return name in (*CALLS, *SILENT_CALLS, *FAULTS)
    return False


COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)
FAULT = re.compile(r"new Error\([^)]*\)")  # told to the console
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
PUT_ON_THE_PAGE = re.compile(r'(?:textContent|title|alt) = (?:"([^"]*)"|`([^`]*)`)')


def in_javascript(text: str) -> list[str]:
    """Return the strings of a module that read like sentences, or are put on the page as they stand."""
    code = FAULT.sub("", COMMENT.sub("", text))
    strings = [a or b for a, b in STRING.findall(code)]
    shown = [re.sub(r"\$\{.*?\}", "", a or b) for a, b in PUT_ON_THE_PAGE.findall(code)]
    return [said for said in strings if SENTENCE.search(said)] + [said for said in shown if WORD.search(said)]


STAFF_ONLY = ("apps.py", "checks.py", "monitoring.py", "registry.py", "tasks.py")
# Calls that only a key opens: an operator's program reads their sentences, and who wrote it, as the admin's: in English
BY_KEY_ALONE = (
    "recognizer/api/authentication.py",
    "recognizer/api/review_views.py",
    "training/api/export_views.py",
    "training/api/run_views.py",
)


def modules(root: Path) -> list[Path]:
    """Return the Python modules whose sentences visitors read; the admin, the commands and keys' calls speak English alone."""
    found = [root / "digitre_site" / name for name in ("middleware.py", "page_middleware.py", "error_pages.py")]
    found += [path for path in (root / "recognizer").glob("*.py") if path.name not in STAFF_ONLY]
    for folder in ("api", "imaging", "inference", "templatetags"):
        found += (root / "recognizer" / folder).glob("*.py")
    found += (root / "training" / "api").glob("*.py")
    return sorted(set(found) - {root / name for name in BY_KEY_ALONE})
