"""What commands write to standard error: one event a line, with ids and nothing of a person.

The long-running ones say everything, those that end only what is wrong: what they print is their answer. Tracebacks go
without local variables: those hold orders, names, keys.
"""

import logging.config
import sys
from enum import StrEnum

import structlog
from structlog.typing import Processor

VARIABLE = "MPAY_LOG_FORMAT"
"""Hands the format on to the processes that the server starts."""


class LogFormat(StrEnum):
    """`json`: an object a line, for machines. `console`: for people."""

    JSON = "json"
    CONSOLE = "console"


def default_format() -> LogFormat:
    """People read a terminal, machines read a file."""
    return LogFormat.CONSOLE if sys.stderr.isatty() else LogFormat.JSON


def configure_logs(form: LogFormat) -> None:
    """Send the events of this process, and what libraries log, to standard error, from level INFO on."""
    logging.config.dictConfig(logging_settings(form))
    structlog.configure(
        processors=[*_COMMON, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def log_troubles() -> None:
    """Send what goes wrong to standard error, and nothing else, unless it was said already what to log."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[*_MARKS, *_LAST[default_format()]()],
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )


def logging_settings(form: LogFormat) -> dict[str, object]:
    """The settings of Python's own logging; the server applies them in each of its processes too."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": f"{__name__}.{form.value}_lines"}},
        "handlers": {
            "lines": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}
        },
        "root": {"handlers": ["lines"], "level": "INFO"},
        "loggers": {
            "_granian": {"handlers": [], "propagate": True},
            "granian.access": {"handlers": [], "propagate": True},
            # One line a request to an e-Service or a bank says nothing that evidence does not.
            "urllib3": {"level": "WARNING"},
            "alembic": {"level": "WARNING"},
            "fontTools": {"level": "WARNING"},
            "weasyprint": {"level": "ERROR"},
        },
    }


def json_lines() -> logging.Formatter:
    """An object a line."""
    return _formatter(*_json())


def console_lines() -> logging.Formatter:
    """Lines for people; coloured on a terminal."""
    return _formatter(*_console())


def _json() -> tuple[Processor, ...]:
    return (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False))


def _console() -> tuple[Processor, ...]:
    return (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
        ),
    )


def _formatter(*last: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_COMMON,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


_LAST = {LogFormat.JSON: _json, LogFormat.CONSOLE: _console}
_MARKS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_COMMON: list[Processor] = [structlog.stdlib.add_logger_name, *_MARKS]
