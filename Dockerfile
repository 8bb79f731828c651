FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

# The button is bundled with a development tool that the image itself does not need.
FROM node:24-bookworm-slim AS widget
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY scripts/build-widget.ts ./scripts/
COPY src/widget ./src/widget
COPY src/words ./src/words
RUN node scripts/build-widget.ts --out dist/widget

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Text Connect Gateway" org.opencontainers.image.licenses="MIT"
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY openapi ./openapi
# The console shows the runbook.
COPY docs/operations.md docs/api-changelog.md ./docs/
COPY scripts/fill-compile-cache.ts ./scripts/
COPY src ./src
COPY --from=widget /app/dist/widget ./dist/widget
ENV HOST=0.0.0.0 PORT=8080 DATABASE_URL=sqlite:/data/gateway.db NODE_COMPILE_CACHE=/app/.compile-cache
# Half of the container's memory limit is for the heap: the rest is for buffers, SQLite and Node itself.
ENV NODE_OPTIONS=--max-old-space-size-percentage=50
# Node keeps a compile cache for each uid: the user of the image fills it, and then it belongs to root, so that the running
# program cannot change its own code. /data is the one place that the program writes to.
RUN install -d -o node -g node .compile-cache /data \
  && setpriv --reuid=node --regid=node --clear-groups node scripts/fill-compile-cache.ts \
  && chown -R root:root .compile-cache && chmod -R a+rX,go-w .compile-cache
USER node
# Leads survive a container that was started without a volume of its own. A service that keeps nothing there mounts a tmpfs:
# without any mount each new container leaves an anonymous volume.
VOLUME /data
EXPOSE 8080
# The check gives the gateway 2 s; the rest of the 10 s is for Node to start on a busy machine.
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s CMD ["node", "src/cli/health.js"]
# No shell and no npm in between: signals reach the program.
CMD ["node", "src/start.js"]
