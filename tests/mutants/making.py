"""A module's source -> mutants: the same source with one operator, number, comparison or decorator changed.

The changes are Cosmic Ray's. Its own runner writes each into the file itself and starts Python anew for it; `trying` does
neither.
"""

import ast
import difflib
import random
from collections.abc import Iterator
from dataclasses import dataclass

import parso
from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.number_replacer import NumberReplacer
from cosmic_ray.operators.operator import Operator

LEFT_OUT = (
    "NoOp",
    "VariableInserter",  # these two want arguments
    "VariableReplacer",
    "ExceptionReplacer",  # stops at `except module.Error`
    "NumberReplacer",  # numbers are moved by the two below
    "_Eq_Is",  # the same for small numbers, short words, None and members of an enumeration
    "_Is_Eq",
    "_NotEq_IsNot",
    "_IsNot_NotEq",
)
FLOAT_MOVES = (0.9, 1.1)  # a share moved by a whole 1 is noticed by any test


@dataclass(frozen=True)
class Change:
    """One thing that could be changed: the `occurrence` of what `operator` looks for, at (line, column)."""

    operator: Operator
    occurrence: int
    place: tuple[int, int]


@dataclass(frozen=True)
class Mutant:
    """A changed source; `was` and `now` are the lines that differ, without their indentation."""

    line: int
    was: str
    now: str
    source: str


def _is_number(node: parso.tree.NodeOrLeaf, kind: type[float]) -> bool:
    return isinstance(node, parso.python.tree.Number) and type(ast.literal_eval(node.value)) is kind


class MoveInteger(NumberReplacer):  # type: ignore[misc]  # Cosmic Ray has no types
    """One more and one less."""

    def mutation_positions(self, node: parso.tree.NodeOrLeaf) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        if _is_number(node, int):
            yield from super().mutation_positions(node)


class MoveFloat(NumberReplacer):  # type: ignore[misc]  # Cosmic Ray has no types
    """A tenth more and a tenth less; nothing becomes a tenth."""

    def mutation_positions(self, node: parso.tree.NodeOrLeaf) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        if _is_number(node, float):
            yield from super().mutation_positions(node)

    def mutate(self, node: parso.python.tree.Number, index: int) -> parso.python.tree.Number:
        move = FLOAT_MOVES[index]
        moved = ast.literal_eval(node.value) * move or move - 1
        return parso.python.tree.Number(f" {moved!r}", node.start_pos)


def mutants(source: str, without: tuple[str, ...], seed: str) -> Iterator[Mutant]:
    """Yield every mutant of a source, in a random order that `seed` decides: one of each place before a second of any.

    Args:
        without: functions, classes and constants of the module that are left as they are.
    """
    for change in _shuffled(list(_changes(source, without)), random.Random(seed)):
        changed = mutate_code(source, change.operator, change.occurrence)
        was, now = _difference(source, changed)
        if was != now:
            yield Mutant(change.place[0], was, now, changed)


def _difference(source: str, changed: str) -> tuple[str, str]:
    """The lines of each that the other has not."""
    lines = list(difflib.unified_diff(source.splitlines(), changed.splitlines(), lineterm="", n=0))[2:]
    was, now = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    return " / ".join(was), " / ".join(now)


def _operators() -> list[Operator]:
    names = [name for name in plugins.operator_names() if not name.endswith(LEFT_OUT)]
    return [plugins.get_operator(name)() for name in names] + [MoveInteger(), MoveFloat()]


def _changes(source: str, without: tuple[str, ...]) -> Iterator[Change]:
    nodes = list(ast_nodes(get_ast(source)))
    left_alone = [
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.parse(source).body
        if _names(node) & set(without)
    ]
    for operator in _operators():
        places = (start for node in nodes for start, _ in operator.mutation_positions(node))
        for occurrence, place in enumerate(places):
            if not any(place[0] in lines for lines in left_alone):
                yield Change(operator, occurrence, place)


def _names(node: ast.stmt) -> set[str]:
    """What a statement of the module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _shuffled(changes: list[Change], chance: random.Random) -> Iterator[Change]:
    chance.shuffle(changes)
    by_place: dict[tuple[int, int], list[Change]] = {}
    for change in changes:
        by_place.setdefault(change.place, []).append(change)
    while by_place:
        for place in list(by_place):
            yield by_place[place].pop()
            if not by_place[place]:
                del by_place[place]
