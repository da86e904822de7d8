"""Elements of a file as they are asked for here: by their namespace, once each, with nothing hidden inside a value."""

from dataclasses import dataclass, field
from functools import lru_cache

from lxml import etree

from mpay_gateway.api import Money
from mpay_provider_collector.settings import CURRENCY
from mpay_provider_collector.statement_file import Unreadable, amount_of, shown


@dataclass(frozen=True, slots=True)
class Node:
    """An element of a namespace. Paths are names divided by slashes, all of that namespace."""

    element: etree._Element
    space: str
    _children: dict[str, list[etree._Element]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def all(self, path: str) -> tuple["Node", ...]:
        """Every element at the path."""
        if not self._children:  # looked at once: an entry is asked for a dozen names
            for child in self.element.iterchildren(etree.Element):
                self._children.setdefault(child.tag, []).append(child)
        first, rest = _tags(self.space, path)
        found = self._children.get(first)
        if found is None:
            return ()
        for tag in rest:
            found = [child for each in found for child in each.iterchildren(tag)]
        return tuple([Node(each, self.space) for each in found])

    def one(self, path: str) -> "Node | None":
        """The element at the path, None when it is absent. Raises: Unreadable when it stands twice."""
        found = self.all(path)
        if len(found) > 1:
            raise Unreadable(f"line {found[1].line}: {path} stands {len(found)} times")
        return found[0] if found else None

    def needed(self, path: str) -> "Node":
        """Raises: Unreadable when it is absent or stands twice."""
        found = self.one(path)
        if found is None:
            raise Unreadable(f"line {self.line}: {path} is missing")
        return found

    def text(self, path: str) -> str:
        """The value at the path, empty when it is absent. Raises: Unreadable."""
        found = self.one(path)
        return "" if found is None else found.content

    @property
    def content(self) -> str:
        """The element's own value. Raises: Unreadable when it is empty, or holds elements."""
        value = (self.element.text or "").strip()
        if len(self.element) or not value:
            raise Unreadable(f"line {self.line}: {etree.QName(self.element).localname} has no plain value")
        return value

    @property
    def words(self) -> str:
        """What a stranger wrote, if anything."""
        return self.element.text or ""

    def amount(self, path: str = "Amt") -> Money:
        """The amount at the path. Raises: Unreadable when it is none in the account's currency."""
        node = self.needed(path)
        currency = node.element.get("Ccy", "")
        if currency != CURRENCY:
            raise Unreadable(f"line {node.line}: in {shown(currency)}, this account is in {CURRENCY}")
        try:
            return amount_of(node.content, currency)
        except Unreadable as problem:
            raise Unreadable(f"line {node.line}: {problem}") from problem

    @property
    def line(self) -> int:
        """Where the element begins in its file."""
        found: int | None = getattr(self.element, "sourceline", None)
        return found or 0


@lru_cache(maxsize=256)
def _tags(space: str, path: str) -> tuple[str, tuple[str, ...]]:
    """The names of a path, the first one apart."""
    first, *rest = [f"{{{space}}}{name}" for name in path.split("/")]
    return first, tuple(rest)
