"""What a screen reader says of a page: Chromium's own accessibility tree, in reading order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.browser.window import Window
from tests.browser.words import flat

Node = Mapping[str, Any]
"""A node as the DevTools protocol has it (Accessibility.AXNode)."""
_SPOKEN = frozenset({
    "heading", "button", "link", "textbox", "searchbox", "radio", "image", "alert", "main", "group", "term", "table",
    "columnheader", "rowheader", "DisclosureTriangle",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spoken:
    """One thing that is announced: its role, name, and what describes it besides."""

    role: str
    name: str = ""
    about: str = ""


def listen(window: Window) -> list[Spoken]:
    """Everything with a spoken role in the page's main part."""
    session = window.page.context.new_cdp_session(window.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    by_id = {node["nodeId"]: node for node in nodes}
    (main,) = (node for node in nodes if _value(node, "role") == "main")
    return list(_walk(main, by_id))[1:]


def _walk(node: Node, by_id: Mapping[str, Node]) -> Iterator[Spoken]:
    role = _value(node, "role")
    if not node.get("ignored") and role in _SPOKEN:
        yield Spoken(_full_role(node, role), flat(_value(node, "name")), flat(_value(node, "description")))
    for child in node.get("childIds", ()):
        if child in by_id:
            yield from _walk(by_id[child], by_id)


def _full_role(node: Node, role: str) -> str:
    properties = {each["name"]: each["value"].get("value") for each in node.get("properties", ())}
    if role == "heading":
        return f"heading {properties['level']}"
    if properties.get("invalid") == "true":
        return f"invalid {role}"
    if properties.get("checked") == "true":
        return f"checked {role}"
    return role


def _value(node: Node, name: str) -> str:
    return str(node.get(name, {}).get("value", ""))
