# docker build -t noisefilter . && docker run --rm -v "$PWD":/data noisefilter score corpus/pages
FROM python:3.11-slim
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY noisefilter noisefilter
RUN python -m pip install --no-cache-dir '.[batch,report]' && useradd --create-home user
USER user
WORKDIR /data
ENTRYPOINT ["noisefilter"]
