# One image for API, worker, setup and, in development, the sandbox; the command decides (docker-compose.yml).
# Debian, because the native part of Temporal's SDK needs glibc; the same release in both stages.
FROM node:22.22.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package that the build or the service uses needs its install script.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node dev/run.js build

FROM node:22.22.2-bookworm-slim AS production-packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22.22.2-bookworm-slim
# Refuses development keys, plain HTTP and loopback third parties; docker-compose.yml sets development instead.
ENV NODE_ENV=production
WORKDIR /app
COPY --from=production-packages /app/node_modules ./node_modules
COPY package.json ./
COPY database/migrations ./database/migrations
COPY program/definitions ./program/definitions
COPY --from=build /app/dist/workflow-bundle.js ./dist/
COPY --from=build /app/dist/activities ./dist/activities
COPY --from=build /app/dist/api ./dist/api
COPY --from=build /app/dist/database ./dist/database
COPY --from=build /app/dist/deploy ./dist/deploy
COPY --from=build /app/dist/integrations ./dist/integrations
COPY --from=build /app/dist/monitoring ./dist/monitoring
COPY --from=build /app/dist/program ./dist/program
COPY --from=build /app/dist/settings ./dist/settings
COPY --from=build /app/dist/temporal ./dist/temporal
COPY --from=build /app/dist/worker ./dist/worker
COPY --from=build /app/dist/workflows ./dist/workflows
# Plays the third parties; the rest of dev/ needs development packages and stays out.
COPY --from=build /app/dist/dev/sandbox ./dist/dev/sandbox
# A volume mounted here takes over this owner.
RUN install --directory --owner=node --group=node /var/lib/sandbox
USER node
CMD ["node", "--enable-source-maps", "dist/api/main.js"]
