"""Connector of mpay-gateway to e-Services that implement IServiceProvider over SOAP."""

from mpay_eservice_soap.plugin import SoapConnector
from mpay_eservice_soap.settings import ConnectorSettings, ContractVersion, ServiceSettings

__all__ = ["ConnectorSettings", "ContractVersion", "ServiceSettings", "SoapConnector"]
