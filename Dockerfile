# Moorage without root: `docker build -t moorage .`; how to run it stands in docs/explanation/operations.md.

FROM python:3.12-slim AS build
RUN pip install --no-cache-dir "uv>=0.9,<1"
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=/opt/moorage
WORKDIR /source
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY src ./src
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.12-slim
LABEL io.modelcontextprotocol.server.name="io.github.moorage/moorage"
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home moorage \
    && install --directory --owner=moorage --mode=0700 /data
COPY --from=build /opt/moorage /opt/moorage
ENV PATH="/opt/moorage/bin:$PATH" MOORAGE_HOME=/data
USER moorage
WORKDIR /code
VOLUME /data
# No port is exposed: it listens on the container's own loopback, and refuses other addresses.
ENTRYPOINT ["moorage"]
CMD ["serve"]
