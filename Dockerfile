# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

# The button is bundled with a development tool that the image itself does not need.
FROM node:24-bookworm-slim AS widget
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY src/widget ./src/widget
RUN node src/widget/build.ts --out dist/widget

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Text Connect Gateway" org.opencontainers.image.licenses="MIT"
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY openapi ./openapi
COPY src ./src
COPY --from=widget /app/dist/widget ./dist/widget
ENV HOST=0.0.0.0 PORT=8080 DATABASE_URL=sqlite:/data/gateway.db NODE_COMPILE_CACHE=/app/.compile-cache
# Of the container's memory limit; the rest is for buffers, TLS, the program itself and its health check.
ENV NODE_OPTIONS=--max-old-space-size-percentage=50
# Fills the compile cache, so that a start on a read-only root compiles nothing. /data is the one place that is written to.
RUN node --input-type=module -e "await import('/app/src/compose.ts'); await import('/app/src/outbox/sqlite/outbox.ts'); await import('/app/src/outbox/postgres/outbox.ts'); await import('/app/src/admission/redis.ts'); await import('/app/src/config/load.ts'); await import('/app/src/ops/log.ts'); await import('close-with-grace')" \
  && mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "src/cli/health.js"]
# No shell and no npm in between: signals reach the program.
CMD ["node", "src/start.js"]
