"""An OpenTelemetry collector: decodes what comes, and says what it has taken."""

from __future__ import annotations

import gzip

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

from tests.fakes.base import Behaviour, Received
from tests.fakes.web import HttpFake

REQUESTS = {
    "/v1/traces": traces.ExportTraceServiceRequest,
    "/v1/logs": logs.ExportLogsServiceRequest,
    "/v1/metrics": metrics.ExportMetricsServiceRequest,
}


def plain(attributes):
    """Attributes of protobuf as a dict."""
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value"))
        for each in attributes
    }


class Collector(HttpFake):
    """Only what was answered with 200 counts as taken: no one else knows of it."""

    name = "collector"

    def answer(self, _got: Received) -> Behaviour:
        return Behaviour(headers={"Content-Type": "application/x-protobuf"})

    def taken(self, path):
        """Every request to *path* that got a 200, decoded."""
        found = []
        for got in list(self.received):
            if got.path == path and got.told in ("", "answer 200"):
                body = got.body
                if got.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                request = REQUESTS[path]()
                request.ParseFromString(body)
                found.append(request)
        return found

    def spans(self):
        return [
            span
            for request in self.taken("/v1/traces")
            for one in request.resource_spans
            for scope in one.scope_spans
            for span in scope.spans
        ]

    def records(self):
        return [
            record
            for request in self.taken("/v1/logs")
            for one in request.resource_logs
            for scope in one.scope_logs
            for record in scope.log_records
        ]

    def metrics(self):
        return {
            metric.name: metric
            for request in self.taken("/v1/metrics")
            for one in request.resource_metrics
            for scope in one.scope_metrics
            for metric in scope.metrics
        }
