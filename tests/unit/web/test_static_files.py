"""Files that change their address with their content."""

import re

from mpay_gateway.web.static_files import StaticFiles


def test_the_address_of_a_page_s_stylesheet_may_be_kept_for_ever(browser):
    address = re.search(r'href="(/static/[^"]+\.css)"', browser.get("/").text)[1]
    answer = browser.get(address)
    assert answer.content_type == "text/css"
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_address_of_another_version_gets_today_s_file_for_once(browser):
    assert browser.get(f"/static/{'0' * 12}/portal.css").headers["Cache-Control"] == "no-cache"


def test_a_file_that_is_not_there_is_not_found(browser):
    browser.get(f"/static/{'0' * 12}/setup.py", status=404)


def test_a_plugin_s_drawing_is_served_below_its_own_prefix(browser):
    assert browser.get("/x/card/static/bank-card.svg").content_type == "image/svg+xml"


def test_nothing_of_ours_comes_from_elsewhere():
    for name, file in StaticFiles.load().by_name.items():
        text = file.content.decode().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"(?m)^\s*// .*$", "", text), name
