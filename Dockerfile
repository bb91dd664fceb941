# One image for the API, the dashboard and training.
FROM python:3.11-slim
RUN useradd --create-home --uid 1000 captchalab
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY captcha_core captcha_core
COPY experiments experiments
COPY dashboard dashboard
RUN pip install --no-cache-dir -c constraints.txt ".[postgres]"
RUN mkdir /data && chown captchalab /data
USER captchalab
WORKDIR /data
EXPOSE 8000 8501
ENTRYPOINT ["captchalab"]
CMD ["--help"]
