# Build with all tools, run with none of them.
FROM node:20-slim AS build
WORKDIR /freshet
COPY . .
RUN npm ci --no-audit --no-fund && npm run build

FROM node:20-slim AS packages
WORKDIR /freshet
COPY package.json package-lock.json .npmrc ./
COPY packages/base/package.json packages/base/
COPY packages/values/package.json packages/values/
COPY packages/wire/package.json packages/wire/
COPY packages/sql/package.json packages/sql/
COPY packages/store/package.json packages/store/
COPY packages/contract/package.json packages/contract/
COPY packages/postgres/package.json packages/postgres/
COPY replicator/package.json replicator/
COPY engine/package.json engine/
COPY proxy/package.json proxy/
COPY bench/package.json bench/
COPY test/package.json test/
RUN npm ci --omit=dev --workspace @freshet/proxy --no-audit --no-fund

FROM node:20-slim
ENV NODE_ENV=production \
    FRESHET_LISTEN=0.0.0.0:6543 \
    FRESHET_ADMIN=0.0.0.0:6580 \
    FRESHET_DATA=/var/lib/freshet
WORKDIR /freshet
COPY --from=packages /freshet ./
COPY --from=build /freshet/proxy/dist/bundle proxy/dist/bundle
COPY --from=build /freshet/proxy/bin proxy/bin
COPY LICENSE ./
RUN mkdir -p "$FRESHET_DATA" && chown node:node "$FRESHET_DATA"
VOLUME /var/lib/freshet
USER node
EXPOSE 6543 6580
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:6580/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Freshet stops on SIGTERM by itself; run with --init (as docker-compose.yml does) so that process 1 is a real init.
ENTRYPOINT ["node", "proxy/bin/freshet.js"]
