"""The command line: what it lists, how it ends, what it refuses."""

import json
import re
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mpay_gateway.conformance import CATALOGUE, MessageFolder, Severity
from tests.conformance.demo import Demo, run


def test_the_list_names_one_check_in_a_line() -> None:
    result = run("--list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) == len(CATALOGUE) >= 80
    assert all(re.match(r"[A-Z]+-[0-9]+ ", line) for line in lines)


def test_ids_are_unique_and_every_check_says_what_the_contract_says_and_how_to_mend_it() -> None:
    assert len({check.id for check in CATALOGUE}) == len(CATALOGUE)
    known = {check.id for check in CATALOGUE}
    for check in CATALOGUE:
        assert len(check.contract) > 15
        assert len(check.mend) > 10
        assert {check.proved_by, check.explained_by} - {""} <= known
    assert {check.severity for check in CATALOGUE} == set(Severity)


def test_nothing_that_answers_is_status_3_and_everything_not_run(demo: Demo, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        words = demo.arguments("ANY")
        words[0] = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        result = run(*words, "--json", str(tmp_path / "report.json"))
    assert result.exit_code == 3
    found = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert {each["status"] for each in found} == {"not_run"}
    assert all("nothing could be reached" in each["detail"] for each in found)
    assert "not run: every check" in result.output


def test_a_key_that_is_not_found_is_status_1_and_leaves_the_rest_not_run(demo: Demo) -> None:
    result = run(*demo.arguments("NOBODY-HAS-THIS"))
    assert result.exit_code == 1
    assert re.search(r"^LOK-01 +FAILED", result.output, re.MULTILINE)
    assert re.search(r"^SIG-20 +not run", result.output, re.MULTILINE)


def test_a_pair_that_is_made_is_printed_and_kept_for_the_next_run(demo: Demo) -> None:
    words = demo.arguments(demo.order("one-line"))
    del words[words.index("--key") : words.index("--messages")]
    result = run(*words)
    assert result.exit_code == 1
    assert result.output.startswith("-----BEGIN CERTIFICATE-----")
    key, certificate = re.search(r"--key (\S+) --key-certificate (\S+)", result.output).groups()  # type: ignore[union-attr]
    assert b"PRIVATE KEY" in Path(key).read_bytes()
    assert Path(key).stat().st_mode & 0o077 == 0
    assert Path(certificate).read_text("utf-8").rstrip() in result.output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--order-key",), "Missing option '--order-key'"),
        (("--certificate",), "Missing option '--certificate'"),
        (("--key",), "--key and --key-certificate belong together"),
    ],
)
def test_wrong_usage_is_status_2(demo: Demo, change: tuple[str, ...], said: str) -> None:
    words = demo.arguments("ANY")
    for option in change:
        place = words.index(option)
        del words[place : place + 2]
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.output


def test_a_key_that_is_only_read_may_not_be_paid(demo: Demo) -> None:
    result = run(*demo.arguments("A", "B", pay=("C", " B ")))
    assert result.exit_code == 2
    assert "B is an --order-key, which is only read, and a --pay-order-key" in result.output
    assert run(*demo.arguments("A", " ")).exit_code == 2


def test_reports_that_cannot_be_written_are_refused_before_anything_is_paid(
    demo: Demo, tmp_path: Path
) -> None:
    key = demo.order("one-line")
    for words, said in (
        (("--json", str(tmp_path / "gone" / "x.json")), "there is no folder"),
        (("--json", "-", "--junit", "-"), "- is named for two reports"),
        (("--json", str(tmp_path / "x"), "--html", str(tmp_path / "x")), "is named for two reports"),
        (("--ca-file", str(_junk(tmp_path))), "no certificate in PEM can be read"),
        (("--messages", str(_junk(tmp_path) / "inside")), "--messages"),
    ):
        result = run(*demo.arguments(demo.order("one-line"), pay=(key,)), *words)
        assert result.exit_code == 2, result.output
        assert said in " ".join(result.output.split())
    assert demo.confirmations(key) == []


def _junk(folder: Path) -> Path:
    path = folder / "junk"
    path.write_text("no certificate", "utf-8")
    return path


def test_a_failed_check_tells_in_its_detail_all_that_explains_it(demo: Demo) -> None:
    found = json.loads(run(*demo.arguments("NOBODY-HAS-THIS"), "--json", "-").stdout)
    (failed,) = [each for each in found if each["id"] == "LOK-01"]
    lines = failed["detail"].splitlines()
    assert [line.partition(":")[0] for line in lines] == ["found", "sent", "came back", "contract", "mend"]
    assert "'NOBODY-HAS-THIS'" in lines[0]


def test_a_run_ends_when_its_time_is_over(demo: Demo) -> None:
    started = time.monotonic()
    result = run(*demo.arguments(demo.order("one-line")), "--deadline", "0.3", "--json", "-")
    assert time.monotonic() - started < 30
    (last,) = [each["detail"] for each in json.loads(result.stdout) if each["id"] == "ENC-11"]
    assert "the run was over after 0.3 s" in last


def test_messages_are_their_owners_alone(tmp_path: Path) -> None:
    folder = MessageFolder(tmp_path / "kept", datetime(2026, 11, 26, 18, 0, tzinfo=UTC)).path
    assert folder.stat().st_mode & 0o077 == 0


def test_a_short_key_of_the_gateways_is_refused(demo: Demo, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (tmp_path / "short.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    words = demo.arguments("ANY")
    words[words.index("--key") + 1] = str(tmp_path / "short.key")
    result = run(*words)
    assert result.exit_code == 2
    assert "2048 bits" in " ".join(result.output.split())


def test_an_address_that_is_none_is_status_2(demo: Demo) -> None:
    for address in (
        "shop.example", "ftp://shop.example/", "http://shop.example/?wsdl", "http://[/", "http://shop.example:99999/",
        "http:///x", "http://shop.example/țară",
    ):  # fmt: skip
        words = demo.arguments("ANY")
        words[0] = address
        assert run(*words).exit_code == 2


def test_two_runs_of_one_second_keep_their_messages_apart(tmp_path: Path) -> None:
    at = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
    folders = [MessageFolder(tmp_path / "kept", at).path.name for _ in range(3)]
    assert folders == ["20261126T180000Z", "20261126T180000Z-2", "20261126T180000Z-3"]
