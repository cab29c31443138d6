import { dirname, join } from "../core/path.ts";
import { nodeImage } from "./base-images.ts";
import { execForm } from "./exec-form.ts";
import type { NodeApp } from "./node-app.ts";

/**
 * The Dockerfile of a Node server or a Next.js application: dependencies, build, and a stage that runs as `node`.
 * `below` is the application's directory seen from the build context, "" for the context itself.
 */
export function nodeDockerfile(app: NodeApp, below: string): string {
  const image = nodeImage(app.version);
  const lines = [...buildStage(app, below), ""];
  lines.push(
    `FROM ${image} AS runtime`,
    `ENV NODE_ENV=production${app.kind === "next" ? ` NEXT_TELEMETRY_DISABLED=1 HOSTNAME=0.0.0.0` : ""} PORT=${app.port}`,
    ...(app.runPackages.length > 0
      ? [
          `RUN apt-get update && apt-get install --yes --no-install-recommends ${app.runPackages.join(" ")} \\`,
          "    && rm -rf /var/lib/apt/lists/*",
        ]
      : []),
    `WORKDIR ${join("/app", app.standalone ? "" : app.member)}`,
    "# Everything belongs to root: the program reads its code and cannot change it.",
    ...runtimeFiles(app),
    "USER node",
    `EXPOSE ${app.port}`,
    ...nodeHealthcheck(app),
    `CMD ${execForm(app.standalone ? ["node", join(app.member, "server.js")] : app.start)}`,
  );
  return lines.join("\n") + "\n";
}

/** Installs and builds. What the running program does not need is taken out at the end. */
export function buildStage(app: NodeApp, below: string): string[] {
  const lines = [`FROM ${nodeImage(app.version)} AS build`];
  if (app.kind === "next") lines.push("ENV NEXT_TELEMETRY_DISABLED=1");
  if (app.buildPackages.length > 0)
    lines.push(
      "# Native modules are compiled here; the compiler stays in this stage.",
      `RUN apt-get update && apt-get install --yes --no-install-recommends ${app.buildPackages.join(" ")} \\`,
      "    && rm -rf /var/lib/apt/lists/*",
    );
  lines.push("WORKDIR /app");
  if (app.manager === "pnpm" || app.manager === "berry")
    lines.push(
      app.managerVersion ? `RUN npm install --global pnpm@${app.managerVersion}` : "RUN corepack enable",
    );
  const at = (path: string) => join(below, path);
  const all = `COPY ${below === "" ? "." : `${below}/`} ./`;
  if (app.copiesAllFirst) lines.push(all);
  else {
    lines.push(`COPY ${["package.json", ...(app.lock ? [app.lock] : [])].map(at).join(" ")} ./`);
    for (const path of app.members) lines.push(`COPY ${at(path)} ${dirname(path)}/`);
    for (const name of app.installFiles)
      lines.push(`COPY ${at(name)} ./${name === ".yarn" || name === "patches" ? `${name}/` : ""}`);
  }
  lines.push(
    ...(app.lock ? [] : ["# There is no lock file: the versions depend on the day until one is committed."]),
  );
  lines.push(`RUN --mount=type=cache,target=${cacheOf(app)} ${installCommand(app)}`);
  if (!app.copiesAllFirst) lines.push(app.member === "" ? all : `COPY ${at(app.member)}/ ${app.member}/`);
  if (app.buildArguments.length > 0)
    lines.push(
      "# The browser's code is built for these values.",
      ...app.buildArguments.map(name => `ARG ${name}`),
    );
  if (app.build) lines.push(`RUN ${app.build.join(" ")}`);
  if (app.start.length > 0 && !app.standalone) lines.push(`RUN ${pruneCommand(app)}`);
  return lines;
}

function runtimeFiles(app: NodeApp): string[] {
  const own = join("/app", app.member);
  if (app.kind !== "next") return ["COPY --from=build /app /app"];
  if (app.standalone) {
    const to = app.member === "" ? "." : `./${app.member}`;
    return [
      `COPY --from=build ${own}/.next/standalone ./`,
      `COPY --from=build ${own}/.next/static ${to}/.next/static`,
      ...(app.hasPublic ? [`COPY --from=build ${own}/public ${to}/public`] : []),
    ];
  }
  return [
    "COPY --from=build /app /app",
    "# Pages that are made anew and images that are scaled are kept here.",
    "RUN mkdir -p .next/cache && chown node:node .next/cache",
  ];
}

function cacheOf(app: NodeApp): string {
  if (app.manager === "npm") return "/root/.npm";
  if (app.manager === "pnpm") return "/root/.local/share/pnpm/store";
  return app.manager === "yarn" ? "/usr/local/share/.cache/yarn" : "/root/.yarn/berry/cache";
}

function installCommand(app: NodeApp): string {
  const locked = app.lock !== undefined;
  switch (app.manager) {
    case "npm":
      return `npm ${locked ? "ci" : "install"}${memberOption(app)}${app.legacyPeers ? " --legacy-peer-deps" : ""}`;
    case "pnpm":
      return `pnpm install${locked ? " --frozen-lockfile" : ""}`;
    case "berry":
      return `yarn install${locked ? " --immutable" : ""}`;
    default:
      return `yarn install${locked ? " --frozen-lockfile" : ""}`;
  }
}

function memberOption(app: NodeApp): string {
  return app.member === "" ? "" : ` --workspace=${app.member}`;
}

function pruneCommand(app: NodeApp): string {
  switch (app.manager) {
    case "npm":
      // npm prunes no single member of a workspace.
      return app.member === ""
        ? `npm prune --omit=dev${app.legacyPeers ? " --legacy-peer-deps" : ""}`
        : `--mount=type=cache,target=/root/.npm ${installCommand(app)} --omit=dev`;
    case "pnpm":
      return "CI=true pnpm prune --prod --ignore-scripts";
    case "berry":
      return "yarn workspaces focus --all --production";
    default:
      return "yarn install --production --ignore-scripts --prefer-offline --frozen-lockfile";
  }
}

function nodeHealthcheck(app: NodeApp): string[] {
  if (app.health === undefined) return [];
  const url = `http://127.0.0.1:${app.port}${app.health}`;
  const script = `fetch('${url}').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return [
    "# The image has no curl; node asks the route by itself.",
    "HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \\",
    `    CMD ${execForm(["node", "-e", script])}`,
  ];
}
