"""What a run found, written for people and for machines."""

from mpay_gateway.conformance.reports.as_html import html_report
from mpay_gateway.conformance.reports.as_json import json_report
from mpay_gateway.conformance.reports.as_junit import junit_report
from mpay_gateway.conformance.reports.as_text import text_report

__all__ = ["html_report", "json_report", "junit_report", "text_report"]
