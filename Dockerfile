# The same image as that of `make image`, built with a container engine.
#
#   docker build --build-arg VERSION=v1.0.0 .                  the image: three commands, no shell, not root
#   docker build --target presubmit .                          with a shell and git, for presubmits
#
# Both need the network for the Go modules.

FROM --platform=$BUILDPLATFORM docker.io/library/golang:1.26 AS build
ARG TARGETOS=linux
ARG TARGETARCH=amd64
ARG VERSION=devel
WORKDIR /src
COPY go.mod go.sum ./
COPY tools/image/go.mod tools/image/go.sum tools/image/
RUN go mod download && go -C tools/image mod download
COPY . .
RUN cd tools/image && go run . -rootfs /out -source ../.. -version "$VERSION" -platforms "$TARGETOS/$TARGETARCH"

# A presubmit of the release repository runs in a checkout: with a shell that
# expands $PULL_BASE_SHA, and git for mirror-lint --new-from.
FROM docker.io/library/debian:stable-slim AS presubmit
RUN apt-get update && apt-get install -y --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr/bin/ /usr/bin/
COPY --from=build /out/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/usr/share/doc/mirror-tools/ /usr/share/doc/mirror-tools/
USER 65532:65532
ENV HOME=/tmp
WORKDIR /tmp

FROM scratch AS image
ARG VERSION=devel
ARG REVISION=
LABEL org.opencontainers.image.title=mirror-tools \
      org.opencontainers.image.source=https://github.com/mirror-tools/mirror-tools \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION
COPY --from=build /out/ /
USER 65532:65532
ENV PATH=/usr/bin HOME=/tmp
WORKDIR /tmp
CMD ["mirror", "--help"]
