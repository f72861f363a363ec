# Agent2 in a container: one process in the foreground, its state in /data.
#   docker build -t agent2 . && docker run --init -v agent2:/data agent2
# A configuration of yours: -v ./agent2.yaml:/etc/agent2/agent2.yaml:ro
FROM python:3.11-slim

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps . \
    && useradd --system --uid 10002 --home-dir /data agent2 \
    && install -d -m 755 -o agent2 -g agent2 /data

USER agent2
ENV AGENTOS_DB_PATH=/data/agentos.db
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["agent2", "healthcheck"]
STOPSIGNAL SIGTERM
CMD ["agent2", "run", "--foreground"]
