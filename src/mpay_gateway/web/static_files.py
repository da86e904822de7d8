"""Stylesheet, script and drawings, in memory, each under an address that changes with its content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from pyramid.httpexceptions import HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    media_type: str
    digest: str


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """The files of `web/static` by name."""

    by_name: Mapping[str, StaticFile]

    @classmethod
    def load(cls) -> "StaticFiles":
        """Read them from the installed package."""
        found = {}
        for entry in files(__package__).joinpath("static").iterdir():
            content = entry.read_bytes()
            media_type = _TYPES[entry.name.rpartition(".")[2]]
            found[entry.name] = StaticFile(content, media_type, content_digest(content))
        return cls(found)

    def path(self, name: str) -> str:
        """The address of a file, with its digest."""
        return f"/static/{self.by_name[name].digest}/{name}"


def content_digest(content: bytes) -> str:
    """Twelve hexadecimal digits of the content's SHA-256: enough to tell versions apart."""
    return hashlib.sha256(content).hexdigest()[:12]


def serve_static(request: Request) -> Response:
    """GET /static/{digest}/{name}. An older digest, from a page of another version, gets today's file uncached."""
    file = request.registry.static_files.by_name.get(request.matchdict["name"])
    if file is None:
        raise HTTPNotFound("static file")
    response = Response(file.content, content_type=file.media_type)
    if file.media_type.startswith("text/"):
        response.charset = "utf-8"
    current = file.digest == request.matchdict["digest"]
    response.headers["Cache-Control"] = FOR_EVER if current else "no-cache"
    return response
