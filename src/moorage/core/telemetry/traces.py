"""OpenTelemetry: what a span of ours says, and the exporter when the environment asks for one.

Spans are opened by the protocol library through the OpenTelemetry API, which does nothing until an SDK is
configured.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

import structlog
from opentelemetry import trace

log = structlog.get_logger()

EXPORT_VARIABLES = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_TRACES_EXPORTER",
)
"""Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/"""


def configure_tracing(environment: Mapping[str, str], *, version: str) -> bool:
    """Export spans when the environment names an exporter and the `otel` extra is installed.

    Returns:
        Whether spans are exported. The exporter itself reads the `OTEL_*` variables of the process.
    """
    if not _is_wanted(environment):
        return False
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        log.warning("traces.not_exported", reason="the SDK is not installed", hint="Install moorage[otel].")
        return False
    _install_exporter(version)
    return True


def _is_wanted(environment: Mapping[str, str]) -> bool:
    if environment.get("OTEL_SDK_DISABLED") == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(environment.get(name) for name in EXPORT_VARIABLES)


def _install_exporter(version: str) -> None:
    exporter = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    resources = importlib.import_module("opentelemetry.sdk.resources")
    sdk = importlib.import_module("opentelemetry.sdk.trace")
    export = importlib.import_module("opentelemetry.sdk.trace.export")
    resource = resources.Resource.create({"service.name": "moorage", "service.version": version})
    provider = sdk.TracerProvider(resource=resource)
    provider.add_span_processor(export.BatchSpanProcessor(exporter.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def current_trace_id() -> str | None:
    """Return the trace this task is part of (32 hexadecimal digits), also when it is only passed through."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def describe_current_span(*, failed_with: str | None, **facts: Any) -> None:
    """Add facts to the span of this task, and its failure; facts that are None are left out."""
    span = trace.get_current_span()
    if not span.is_recording():
        return
    span.set_attributes({f"moorage.{name}": value for name, value in facts.items() if value is not None})
    if failed_with:
        span.set_attribute("error.type", failed_with)
        span.set_status(trace.StatusCode.ERROR)
