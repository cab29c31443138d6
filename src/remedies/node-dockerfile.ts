import { dirname, join } from "../core/path.ts";
import { nodeImage } from "./base-images.ts";
import { execForm } from "./exec-form.ts";
import type { NodeApp } from "./node-app.ts";
import { bringManager, cacheOf, installCommand, pruneCommand } from "./node-manager.ts";

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
    ...(app.start[0] === "bun" ? [`RUN ${bringManager(app)}`] : []),
    `WORKDIR ${join("/app", app.standalone ? "" : app.member)}`,
    "# Everything belongs to root: the program reads its code and cannot change it.",
    ...runtimeFiles(app),
    ...logLines(app),
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
  const manager = bringManager(app);
  if (manager !== undefined) lines.push(`RUN ${manager}`);
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
  if (!app.copiesAllFirst) {
    if (app.shared.length > 0) lines.push(`COPY ${app.shared.map(at).join(" ")} ./`);
    if (app.member === "") lines.push(all);
    else for (const dir of [...app.needs, app.member]) lines.push(`COPY ${at(dir)}/ ${dir}/`);
  }
  if (app.buildArguments.length > 0)
    lines.push(
      "# The browser's code is built for these values.",
      ...app.buildArguments.map(name => `ARG ${name}`),
    );
  for (const command of app.before) lines.push(`RUN ${command}`);
  if (app.build) lines.push(`RUN ${app.build.join(" ")}`);
  return [...lines, ...migrateStage(app), ...prunedStage(app)];
}

/** A logger that writes into a folder ends when it may not. */
function logLines({ logFolders }: NodeApp): string[] {
  if (logFolders.length === 0) return [];
  const names = logFolders.join(" ");
  return ["# The program's logger writes here.", `RUN mkdir -p ${names} && chown node:node ${names}`];
}

/** Has the tools that the program does without. */
function migrateStage({ migration }: NodeApp): string[] {
  if (!migration) return [];
  return [
    "",
    "# Runs once, before each release.",
    "FROM build AS migrate",
    ...(migration.dir === "" ? [] : [`WORKDIR ${join("/app", migration.dir)}`]),
    "USER node",
    `CMD ${execForm(migration.command)}`,
  ];
}

function prunedStage(app: NodeApp): string[] {
  if (app.start.length === 0 || app.standalone) return [];
  const prune = `RUN ${pruneCommand(app)}`;
  return app.migration ? ["", "FROM build AS pruned", prune] : [prune];
}

function runtimeFiles(app: NodeApp): string[] {
  const own = join("/app", app.member);
  const from = app.migration ? "pruned" : "build";
  if (app.kind !== "next") return [`COPY --from=${from} /app /app`];
  if (app.standalone) {
    const to = app.member === "" ? "." : `./${app.member}`;
    return [
      `COPY --from=build ${own}/.next/standalone ./`,
      `COPY --from=build ${own}/.next/static ${to}/.next/static`,
      ...(app.hasPublic ? [`COPY --from=build ${own}/public ${to}/public`] : []),
    ];
  }
  return [
    `COPY --from=${from} /app /app`,
    "# Pages that are made anew and images that are scaled are kept here.",
    "RUN mkdir -p .next/cache && chown node:node .next/cache",
  ];
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
