"""Traces by OpenTelemetry, for who says where to send them. Nothing of it is loaded otherwise.

Everything is set by OpenTelemetry's own environment: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER.
"""

import os

from django.core.exceptions import ImproperlyConfigured

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROBES = "healthz,readyz,metrics,static/"
# What the instrumentation notes of a visitor; a trace is no list of addresses
PERSONAL = (
    "net.peer.ip",
    "client.address",
    "network.peer.address",
    "http.client_ip",
    "net.sock.peer.addr",
    "user_agent.original",
    "http.user_agent",
)


def set_up(service: str) -> bool:
    """Trace this process's requests and tasks, once. Returns whether anybody wants that.

    To be called after the fork, and before Django loads its middleware.

    Raises:
        ImproperlyConfigured: somebody does, and the packages are missing.
    """
    if not os.environ.get(ENDPOINT, "").strip():
        return False
    os.environ.setdefault("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", PROBES)  # read as the instrumentation is imported
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.celery import CeleryInstrumentor
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import Span, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{ENDPOINT} is set, and {error.name} is not installed: pip install -r requirements-tracing.txt"
        ) from error

    def leave_out_visitor(span: Span, _request: object) -> None:
        for name in PERSONAL:
            if span.is_recording() and span.attributes and name in span.attributes:
                span.set_attribute(name, "")

    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or service})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    # Not as a span begins: the instrumentation writes what it knows once more after that, and then calls this
    DjangoInstrumentor().instrument(request_hook=leave_out_visitor)
    CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]
    return True
