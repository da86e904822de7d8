"""Connector of mpay-gateway for beneficiaries without an information system."""

from mpay_eservice_form.plugin import FormConnector

__all__ = ["FormConnector"]
