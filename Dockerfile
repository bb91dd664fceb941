# Two images: `docker build --target serve .` reads captchas and answers over HTTP, and has nothing else; the last one,
# which a plain `docker build .` makes, also trains, tracks and shows the dashboard. Where pip has settings of its own,
# hand them in: `--secret id=pip,src=pip.conf`. `make image-check` builds and runs both without Docker.
FROM python:3.11-slim AS serve
RUN useradd --create-home --uid 1000 captchalab && mkdir /data /artifacts && chown captchalab /data /artifacts
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY captcha_core captcha_core
COPY experiments experiments
COPY dashboard dashboard
RUN --mount=type=secret,id=pip,target=/etc/pip.conf pip install --no-cache-dir -c constraints.txt .
USER captchalab
WORKDIR /data
EXPOSE 8000
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready')"]
ENTRYPOINT ["captchalab"]
CMD ["serve", "--model", "builtin", "--host", "0.0.0.0", "--token-file", "/run/secrets/tokens"]

FROM serve AS full
USER root
WORKDIR /app
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip install --no-cache-dir -c constraints.txt ".[audio,collect,dashboard,onnx,postgres,train]"
USER captchalab
WORKDIR /data
EXPOSE 8501
HEALTHCHECK NONE
CMD ["--help"]
