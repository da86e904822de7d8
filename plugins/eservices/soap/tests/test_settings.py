"""Settings that cannot work are refused with a sentence that says what to change."""

from dataclasses import replace

import pytest

from mpay_eservice_soap import ConnectorSettings, ContractVersion, ServiceSettings, SoapConnector
from mpay_eservice_soap.settings import trusted_certificates
from mpay_gateway.api import CertificatePem, ConfigurationError, PluginContext
from mpay_gateway.wssecurity import SignatureAlgorithm


@pytest.fixture
def certificates(service_keys):
    return (CertificatePem(service_keys.certificate_pem.decode()),)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "ftp://service.example/"}, "url: the https address"),
        ({"url": "service.example/x.svc"}, "url: the https address"),
        ({"url": "https:///x.svc"}, "url: the https address"),
        ({"url": "https://service.example:0/x"}, "url: the https address"),
        ({"url": "https://service.example:99999/x"}, "url: "),
        ({"url": "https://user@service.example/x"}, "without user name"),
        ({"url": "https://service.example/x\n"}, "url: "),
        ({"certificates": ()}, "at least one certificate"),
        ({"certificates": (CertificatePem("-----BEGIN NONSENSE-----"),)}, "certificates: no certificate"),
        ({"accept_signatures": ()}, "accept_signatures"),
        ({"accept_signatures": ("rsa-md5",)}, "accept_signatures: 'rsa-md5' is none of rsa-sha1, rsa-sha256"),
        ({"signature": "hmac-sha1"}, "signature: 'hmac-sha1' is none of"),
        ({"contract": "2.0"}, "contract: '2.0' is none of 1.3, 2016"),
        ({"clock_tolerance_seconds": -1}, "clock_tolerance_seconds"),
        ({"clock_tolerance_seconds": 601}, "clock_tolerance_seconds"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"timeout_seconds": 16}, "timeout_seconds"),
        ({"timeout_seconds": float("nan")}, "timeout_seconds"),
    ],
)
def test_settings_that_cannot_work_are_refused(certificates, changes, why):
    given = {"url": "https://service.example/x.svc", "certificates": certificates} | changes
    with pytest.raises(ValueError, match=why):
        ServiceSettings(**given)


def test_values_as_they_stand_in_a_file_are_taken(certificates):
    settings = ServiceSettings(
        url="https://a.example/",
        certificates=certificates,
        signature="rsa-sha256",
        accept_signatures=("rsa-sha256",),
        contract="2016",
    )
    assert settings.signature is SignatureAlgorithm.RSA_SHA256
    assert settings.accept_signatures == (SignatureAlgorithm.RSA_SHA256,)
    assert settings.contract is ContractVersion.WSDL_2016


def test_certificates_are_parsed_once(certificates):
    one = ServiceSettings(url="https://a.example/", certificates=certificates)
    other = ServiceSettings(
        url="https://b.example/", certificates=(CertificatePem(certificates[0].pem + ""),)
    )
    assert one.trusted is other.trusted
    assert one.trusted is trusted_certificates(certificates)


def test_a_gateway_without_a_signing_key_does_not_start():
    with pytest.raises(ConfigurationError, match="signing_key"):
        SoapConnector(PluginContext("soap", http=None, clock=None), ConnectorSettings())


def test_settings_of_another_connector_are_a_fault_of_the_program(bench, wire):
    bench.service = replace(bench.service, settings=object())
    with pytest.raises(TypeError, match="SRV01"):
        bench.look_up()
