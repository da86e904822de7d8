"""Connector of mpay-gateway to e-Services that implement IServiceProvider over SOAP."""
