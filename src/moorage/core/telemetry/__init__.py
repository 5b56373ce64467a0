"""What the program says about itself: log lines on stderr, Prometheus metrics, OpenTelemetry spans.

Promises: nothing here writes to stdout, which belongs to the stdio transport; no secret is written anywhere;
without a configured exporter nothing leaves the process.
"""
