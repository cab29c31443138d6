import { expect, test } from "vitest";
import { carryNotes } from "./dockerfile-notes.ts";

const fresh = `FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . ./
RUN npm run build

FROM node:24-bookworm-slim AS runtime
COPY --from=build /app /app
USER node
CMD ["node", "server.js"]
`;

test("notes stand above the step that does the same, and the others at the end", () => {
  const old = `# syntax=docker/dockerfile:1
# Two stages

FROM node:18 AS builder
# Install first: the layer stays
RUN npm install && \\
    # nobody needs the cache
    npm cache clean --force
# Bring the sources
COPY src/ ./src/

# What runs
FROM node:18-alpine
# For signals
RUN apk add dumb-init
# Start
ENTRYPOINT ["dumb-init", "node", "server.js"]
# ask Ada
`;
  expect(carryNotes(old, fresh)).toBe(`# Two stages
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Install first: the layer stays
RUN npm ci
# Bring the sources
COPY . ./
RUN npm run build

# What runs
FROM node:24-bookworm-slim AS runtime
COPY --from=build /app /app
USER node
# Start
CMD ["node", "server.js"]

# Notes on steps of the file before this one:
# nobody needs the cache
# For signals
# ask Ada
`);
});

test("without notes nothing is added", () => {
  expect(carryNotes("# syntax=docker/dockerfile:1\nFROM node:18\n", fresh)).toBe(fresh);
});
