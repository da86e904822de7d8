"""The application put together: what a server runs, and what tests call."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import cast

from pyramid.config import Configurator
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.tweens import EXCVIEW, INGRESS

from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.domain.language import Language
from mpay_gateway.flow.gateway import build_parts
from mpay_gateway.flow.parts import Parts
from mpay_gateway.settings import read_settings
from mpay_gateway.settings.ini import SETTING
from mpay_gateway.texts import Texts
from mpay_gateway.web import errors, plugin_routes, routes
from mpay_gateway.web.addresses import PublicAddress, address_of, came_by_own_proxy
from mpay_gateway.web.admission import count_form
from mpay_gateway.web.crowd import Crowd
from mpay_gateway.web.language import cookie_name, language_of
from mpay_gateway.web.measuring import Measures
from mpay_gateway.web.rendering import PageRenderer
from mpay_gateway.web.static_files import StaticFiles

WsgiApp = Callable[[Mapping[str, object], Callable[..., object]], Iterable[bytes]]


def main(_global_config: Mapping[str, str], **settings: str) -> WsgiApp:
    """The paste application factory. Setting `mpay.settings`: path of the gateway's TOML.

    Raises: ConfigurationError.
    """
    named = settings.get(SETTING)
    if not named:
        raise ConfigurationError((f"[app:main] {SETTING} is required, and missing",))
    return make_app(build_parts(read_settings(Path(named))))


def make_app(
    parts: Parts, *, leaving: Callable[[], bool] = lambda: False, crowd: Crowd | None = None
) -> WsgiApp:
    """The application over these parts. `leaving`: whether the server that runs it was told to stop.

    `crowd`: how many payers are served at once; None for as many as come.

    Raises: whatever a plugin raises while it adds its routes.
    """
    public = PublicAddress.of(parts.settings.gateway.public_url, parts.settings.access.public_url)
    config = Configurator()
    config.registry.public_address = public
    config.registry.static_files = StaticFiles.load()
    config.registry.measures = Measures()
    config.registry.leaving = leaving
    config.registry.crowd = crowd or Crowd()
    config.registry.machine_paths = plugin_routes.machine_paths(parts.registry)
    config.registry.payer_paths = plugin_routes.payer_paths(parts.registry)
    config.registry.texts = texts = Texts.load("portal")
    config.registry.text_keys = texts.keys(Language.RO)
    config.add_request_method(lambda _: parts, "parts", property=True)
    config.add_request_method(language_of, "language", reify=True)
    config.add_request_method(address_of, "caller_address", reify=True)  # for plugins' own views
    config.add_request_method(came_by_own_proxy, "by_own_proxy", reify=True)
    config.add_request_method(count_form, "count_form")
    config.set_csrf_storage_policy(
        CookieCSRFStoragePolicy(cookie_name("csrf", public), secure=public.https, httponly=True)
    )
    config.set_default_csrf_options(require_csrf=True)
    config.add_renderer(".pt", PageRenderer())
    _add_tweens(config)
    routes.add_routes(config)
    plugin_routes.add_plugin_routes(config, parts)
    errors.add_error_pages(config)
    return cast("WsgiApp", config.make_wsgi_app())


def _add_tweens(config: Configurator) -> None:
    """From the outside in: headers, measures, error pages (Pyramid's own), admission, the crowd's line."""
    config.add_tween("mpay_gateway.web.admission.admission_tween", under=EXCVIEW)
    config.add_tween("mpay_gateway.web.crowd.crowd_tween", under="mpay_gateway.web.admission.admission_tween")
    config.add_tween("mpay_gateway.web.measuring.measuring_tween", over=EXCVIEW)
    config.add_tween(
        "mpay_gateway.web.headers.headers_tween",
        under=INGRESS,
        over="mpay_gateway.web.measuring.measuring_tween",
    )
