"""Which module imports which, read from the source: nothing is executed, so imports inside functions count as well."""

import ast
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

APPS = ("recognizer", "training", "digitre_site")
Edges = dict[str, set[str]]


@dataclass(frozen=True)
class ImportGraph:
    """The imports of some packages. What is not in them is kept by its full name: `django.db.models.Q`.

    Attributes:
        files: module -> its source.
        at_import: module -> what it imports as soon as it is imported itself.
        anywhere: the same with what functions import when they are called.
    """

    files: dict[str, Path]
    at_import: Edges
    anywhere: Edges

    @classmethod
    def of(cls, root: Path, packages: Iterable[str] = APPS) -> Self:
        """Read the packages in a folder. Migrations are left out: they are frozen, and Django writes them."""
        files = {
            _module_name(path.relative_to(root)): path
            for package in packages
            for path in sorted((root / package).rglob("*.py"))
            if "migrations" not in path.parts
        }
        at_import: Edges = {}
        anywhere: Edges = {}
        for module, path in files.items():
            found = list(_imports(ast.parse(path.read_text()), _package_of(module, path)))
            at_import[module] = _resolved(module, (name for name, is_deferred in found if not is_deferred), files)
            anywhere[module] = _resolved(module, (name for name, _ in found), files)
        return cls(files, at_import, anywhere)

    def modules(self, *rooms: str) -> list[str]:
        """Return the modules that are one of these, or inside one of them."""
        return [module for module in self.files if is_within(module, *rooms)]

    def chain(self, start: str, is_wanted: Callable[[str], bool], *, deferred: bool = True) -> list[str]:
        """Return the shortest way from a module to an import that is wanted, both included, or [] if there is none.

        Args:
            deferred: follow what functions import, too.
        """
        edges = self.anywhere if deferred else self.at_import
        came_from: dict[str, str] = {}
        queue = deque([start, *(parent for parent in _parents(start) if parent in self.files)])
        reached = set(queue)
        while queue:
            module = queue.popleft()
            if module != start and is_wanted(module):
                return _way(came_from, module)
            for name in sorted(edges.get(module, ())):
                if name not in reached:
                    reached.add(name)
                    came_from[name] = module
                    queue.append(name)
        return []

    def circles(self) -> list[list[str]]:
        """Return a circle of imports for each module that is on one, each circle once."""
        found: dict[frozenset[str], list[str]] = {}
        for module in self.files:
            for imported in sorted(self.anywhere[module]):
                back = [module] if imported == module else self._way_back(imported, module)
                if back:
                    found.setdefault(frozenset(back), [module, *back])
        return list(found.values())

    def _way_back(self, start: str, goal: str) -> list[str]:
        came_from: dict[str, str] = {}
        queue, reached = deque([start]), {start}
        while queue:
            module = queue.popleft()
            if module == goal:
                return _way(came_from, module)
            for name in sorted(self.anywhere.get(module, set()) - reached):
                reached.add(name)
                came_from[name] = module
                queue.append(name)
        return []


def is_within(name: str, *rooms: str) -> bool:
    """Whether a dotted name is one of these, or inside one of them."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _package_of(module: str, path: Path) -> str:
    return module if path.name == "__init__.py" else module.rpartition(".")[0]


def _imports(tree: ast.AST, package: str, is_deferred: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield (dotted name, whether only a call imports it), without what is there for the type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            for other in node.orelse:
                yield from _imports(ast.Module([other], []), package, is_deferred)
            continue
        yield from ((name, is_deferred) for name in _names(node, package))
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(node, package, is_deferred or is_function)


def _names(node: ast.AST, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        source = ".".join([*parts, *([node.module] if node.module else [])])
        return [source if alias.name == "*" else f"{source}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("import_module", "importlib.import_module"):
        return [arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return []


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _resolved(module: str, names: Iterable[str], files: dict[str, Path]) -> set[str]:
    """Turn imported names into modules; who enters a package from outside also runs its __init__."""
    found: set[str] = set()
    for name in names:
        target = next((part for part in [name, *_parents(name)] if part in files), name)
        found.add(target)
        found |= {parent for parent in _parents(target) if parent in files and not is_within(module, parent)}
    return found


def _parents(name: str) -> list[str]:
    """Return the packages that a dotted name is in, the nearest first."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]


def _way(came_from: dict[str, str], end: str) -> list[str]:
    way = [end]
    while way[0] in came_from:
        way.insert(0, came_from[way[0]])
    return way
