"""One module per verb of the scenario. Knows neither HTTP nor SQL nor SOAP."""
