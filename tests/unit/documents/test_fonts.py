"""A missing or unfit font stops the start, by name."""

import shutil

import pytest

from mpay_gateway.documents import fonts
from mpay_gateway.documents.fonts import check_fonts, font_files
from mpay_gateway.domain.errors import ConfigurationError


def test_the_installed_faces_are_fit():
    assert set(font_files()) == {400, 500, 600}
    check_fonts()


def test_a_missing_package_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(fonts, "_PACKAGE", "fontpkg_that_is_not_there")
    with pytest.raises(ConfigurationError, match="install the distribution fontpkg-fira-sans") as caught:
        check_fonts()
    assert len(caught.value.problems) == 3


def test_a_face_without_our_letters_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "_NEEDED", "ș\u4e00")
    with pytest.raises(ConfigurationError, match="has no \u4e00"):
        check_fonts()


def test_a_face_of_another_family_or_no_font_at_all_is_refused(monkeypatch, tmp_path):
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    good = font_files()[400]
    copy = tmp_path / "copy.ttf"
    shutil.copy(good, copy)
    monkeypatch.setattr(fonts, "font_files", lambda: {400: broken, 500: copy})
    monkeypatch.setattr(fonts, "FAMILY", "Other Sans")
    with pytest.raises(ConfigurationError) as caught:
        check_fonts()
    assert "broken.ttf cannot be read" in caught.value.problems[0]
    assert "copy.ttf is 'Fira Sans'" in caught.value.problems[1]
