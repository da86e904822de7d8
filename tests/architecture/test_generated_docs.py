"""What is generated and kept is what would be generated now."""

import pytest

from mpay_gateway.cli.faults import as_markdown as faults_tables
from mpay_gateway.cli.hook_reference import as_markdown as hooks_page
from mpay_gateway.cli.hook_reference import described_hooks
from mpay_gateway.cli.states import as_markdown as states_page
from mpay_gateway.domain.transitions import EDGES, as_dot
from mpay_gateway.plugin_host.contracts import CONTRACTS
from tests.architecture.checkout import ROOT

PAGES = {"hooks.md": hooks_page, "states.md": states_page, "states.dot": as_dot}


@pytest.mark.parametrize("name", PAGES)
def test_the_kept_page_is_fresh(name):
    kept = (ROOT / "docs" / name).read_text("utf-8")
    assert kept == PAGES[name](), f"docs/{name} is stale: run `make docs`"


def test_the_page_for_integrators_holds_the_table_of_faults():
    page = (ROOT / "docs" / "integrators.md").read_text("utf-8")
    assert faults_tables().strip() in page, "docs/integrators.md: put in what `mpay faults --markdown` prints"


def test_the_page_of_hooks_describes_every_hook():
    assert {hook.name for hook in described_hooks()} == set(CONTRACTS)
    assert all(f"\n## {name}\n" in hooks_page() for name in CONTRACTS)


def test_the_page_of_states_shows_every_edge():
    page = states_page()
    assert all(
        f"| {edge.source.value} | {edge.event.value} | {edge.target.value} | {edge.why} |" in page
        for edge in EDGES
    )
