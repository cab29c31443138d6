import { backup } from "./backup.ts";
import { type FrontDoorRoute, frontDoor } from "./front-door.ts";
import type { NewFile } from "./new-file.ts";
import { type DatabaseKind, stackDatabases } from "./stack-database.ts";
import type { ServerVariable } from "./stack-environment.ts";
import type { PlannedApp, StackPlan } from "./stack-plan.ts";
import { isSocketPath } from "./stack-routes.ts";
import { appServices, redisService, staticName, uploadVolumes } from "./stack-services.ts";
import { makeSettingsScript, settingsExample } from "./stack-settings.ts";

export interface StackFiles {
  /** Files to create, paths relative to the root. */
  readonly files: readonly NewFile[];
  /** Lines that git's ignore file at the root has to have. */
  readonly ignored: readonly string[];
}

/** Everything that a planned stack consists of. `settings` names the template of the server's .env. */
export function stackFiles(plan: StackPlan, settings = ".env.example"): StackFiles {
  const store = plan.database && stackDatabases[plan.database];
  const door = frontDoor({ folder: "front-door", routes: doorRoutes(plan), networks: ["edge"] });
  const saved = plan.database ? backupOf(plan, plan.database) : undefined;
  const services = [
    ...door.services,
    ...plan.apps.flatMap(app => appServices(plan, app)),
    ...(store ? [store.service] : []),
    ...(plan.redis ? [redisService()] : []),
    ...(saved?.services ?? []),
  ];
  const volumes = [
    ...(store ? ["database"] : []),
    ...(plan.redis ? ["queue"] : []),
    ...plan.apps.flatMap(uploadVolumes).map(volume => volume.name),
    ...(saved?.volumes ?? []),
    ...door.volumes,
  ];
  const variables: ServerVariable[] = [
    ...door.variables.map(each => ({ ...each, random: false })),
    ...(store
      ? [{ name: "DB_PASSWORD", says: "Password of the application's account in the database", random: true }]
      : []),
    ...(plan.redis ? [{ name: "REDIS_PASSWORD", says: "Password of Redis", random: true }] : []),
    ...plan.apps.flatMap(app => app.wiring.needed),
  ];
  const files: NewFile[] = [
    { path: "compose.yml", text: composeText(plan, services, [...new Set(volumes)]) },
    ...unique(plan.apps.flatMap(app => [app.image.dockerfile, app.image.ignore, ...app.image.files])),
    ...door.files,
    ...(store?.files ?? []),
    ...(saved?.files ?? []),
    { path: settings, text: settingsExample(plan, variables, saved?.variables ?? []) },
    { path: "scripts/make-settings.sh", text: makeSettingsScript(plan, settings), executable: true },
  ];
  return { files, ignored: [".env", ...(store ? ["secrets/"] : [])] };
}

/** The database and what visitors have sent, saved every day by services that read the database's own settings. */
function backupOf(plan: StackPlan, kind: DatabaseKind) {
  return backup({
    ...stackDatabases[kind].backup,
    database: "db",
    networks: ["internal"],
    healthy: true,
    uploads: plan.apps.flatMap(uploadVolumes).map(({ name }) => ({ name, source: name })),
    writers: plan.apps.filter(app => !app.isFrontend).map(app => app.name),
  });
}

/** Two applications in one context share its ignore file. */
function unique(files: readonly NewFile[]): NewFile[] {
  const seen = new Set<string>();
  return files.filter(file => !seen.has(file.path) && seen.add(file.path));
}

function doorRoutes(plan: StackPlan): FrontDoorRoute[] {
  const routes: FrontDoorRoute[] = [];
  for (const app of plan.apps) {
    if (app.image.statics) routes.push({ path: "/static", service: staticName(app), port: 8080 });
    if (app.image.uploadsPath !== undefined)
      routes.push({ path: app.image.uploadsPath.replace(/\/$/, ""), service: staticName(app), port: 8080 });
    for (const path of app.routes) {
      const route = { path, service: app.name, port: app.image.port };
      const sockets = isSocketPath(path);
      routes.push({ ...route, ...(sockets ? { sockets } : {}) });
      if (path === "/" && app.isFrontend) routes.push(...hashedRoutes(app, plan));
    }
  }
  return routes;
}

/** Directories in which file names change with their content. */
function hashedRoutes(app: PlannedApp, plan: StackPlan): FrontDoorRoute[] {
  const shared = plan.apps.some(other => other.image.statics);
  const paths: readonly string[] =
    { next: ["/_next/static"], vite: ["/assets"], cra: shared ? craFolders : ["/static"] }[
      app.component.kind as string
    ] ?? [];
  return paths.map(path => ({ path, service: app.name, port: app.image.port, hashed: true }));
}

/** Create React App's own folders, where the rest of `/static` is Django's. */
const craFolders = ["/static/js", "/static/css", "/static/media"];

function composeText(
  plan: StackPlan,
  services: readonly (readonly string[])[],
  volumes: readonly string[],
): string {
  const indented = services.map(lines => lines.map(line => `  ${line}`).join("\n")).join("\n\n");
  const secret = plan.database && stackDatabases[plan.database].secret;
  const inner = plan.database || plan.redis;
  return [
    "# The stack as it runs on the server. Settings: .env, made by scripts/make-settings.sh.",
    `name: ${plan.name}`,
    "",
    "services:",
    indented,
    "",
    "networks:",
    "  edge:",
    ...(inner
      ? [
          "  # No way out and no way in: the stores are reachable from here only.",
          "  internal:",
          "    internal: true",
        ]
      : []),
    "",
    "volumes:",
    ...volumes.map(name => `  ${name}:`),
    ...(plan.database
      ? [
          "",
          "# Made by scripts/make-settings.sh in a directory that only its owner can enter.",
          "secrets:",
          `  ${secret}: { file: ./secrets/${secret} }`,
        ]
      : []),
    "",
  ].join("\n");
}
