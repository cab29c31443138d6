import { djangoRoots } from "../artifacts/django.ts";
import { readDjangoSettings } from "../artifacts/django-settings.ts";
import { dependsOn } from "../artifacts/package-manifest.ts";
import { parsePythonManifest } from "../artifacts/python-dependencies.ts";
import { concrete } from "../artifacts/value.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { serves } from "../stack/app/routes.ts";
import { listNames } from "../stack/query.ts";
import type { Stack } from "../stack/stack.ts";
import { type AppImage, appImage } from "./app-image.ts";
import { type PrismaSchema, prismaSchemas } from "./node-migrations.ts";
import { workspaceOf } from "./node-workspace.ts";
import type { DatabaseKind } from "./stack-database.ts";
import { type Wiring, wireEnvironment } from "./stack-environment.ts";
import { routePrefixes } from "./stack-routes.ts";
import { installedFromAbove, unbuildable } from "./unbuildable.ts";

/** One application of the stack to be written. */
export interface PlannedApp {
  /** Name of its Compose service. */
  readonly name: string;
  readonly component: AppComponent;
  readonly image: AppImage;
  readonly wiring: Wiring;
  /** Serves pages to browsers; a backend otherwise. */
  readonly isFrontend: boolean;
  /** Paths that the front door sends here; "/" for everything else. */
  readonly routes: readonly string[];
}

export interface StackPlan {
  readonly name: string;
  readonly apps: readonly PlannedApp[];
  readonly database: DatabaseKind | undefined;
  readonly redis: boolean;
  /** Components that nothing is written for, with the reason. */
  readonly left: readonly { readonly component: AppComponent; readonly because: string }[];
  /** What the reader has to do because no file here can. */
  readonly afterwards: readonly string[];
}

const beside =
  /(^|\/)(tests?|e2e|examples?|docs?|scripts?|tools?|benchmarks?|\.github|contracts[\w-]*)(\/|$)/;
const drivers: Readonly<Record<DatabaseKind, RegExp>> = {
  postgres:
    /^(psycopg|psycopg2|psycopg2-binary|asyncpg|pg|postgres|pg-promise|@neondatabase\/serverless|django-environ-postgres)$/,
  mysql: /^(mysqlclient|pymysql|mysql-connector-python|aiomysql|asyncmy|mysql|mysql2|mariadb)$/,
};
const redisDrivers = /^(redis|django-redis|channels-redis|aioredis|ioredis|bullmq|bull|django-rq|rq|celery)$/;
const frontends = new Set(["next", "vite", "cra"]);

/** What a stack for the applications of a repository consists of. `name` is the project's. */
export function planStack(stack: Stack, name: string): StackPlan {
  const left: { component: AppComponent; because: string }[] = [];
  const found: { component: AppComponent; image: AppImage }[] = [];
  for (const component of preferred(stack.components)) {
    const skip = (because: string) => left.push({ component, because });
    if (beside.test(component.dir)) skip("it stands in a folder for tests, tools or examples");
    else if (isLibrary(stack, component)) skip("it is a package that others use: nothing starts it");
    else if (isWorkspaceRoot(stack, component)) continue;
    else if (component.kind === "python" || component.kind === "node")
      skip("it is no web application of a kind that is known");
    else {
      const fault = unbuildable(stack, component);
      if (fault !== undefined) {
        skip(
          `its build fails on every machine: ${fault}. Mend that, take this stack back, and run init again`,
        );
        continue;
      }
      const beyond = installedFromAbove(component);
      if (beyond !== undefined) {
        skip(`it is installed together with ${beyond}, which is no part of its own folder`);
        continue;
      }
      const image = appImage(stack, component, { statics: true, migrations: true });
      if (image) found.push({ component, image });
      else
        skip(`how this ${component.kind} application is installed or started cannot be told from its files`);
    }
  }
  const chosen = visitorsFirst(found);
  const needs = (component: AppComponent) => librariesOf(stack, component);
  const packages = chosen.flatMap(({ component }) =>
    [component, ...needs(component)].flatMap(each => packagesOf(stack, each)),
  );
  const uses = (words: RegExp) => packages.some(each => words.test(each));
  const schemas = chosen.flatMap(({ component }) => schemasOf(stack, component));
  const provider = (wanted: string) => schemas.some(each => each.provider === wanted);
  const database: DatabaseKind | undefined =
    uses(drivers.postgres) || provider("postgresql")
      ? "postgres"
      : uses(drivers.mysql) || provider("mysql")
        ? "mysql"
        : undefined;
  const redis = uses(redisDrivers);
  const hasPages = chosen.some(({ component }) => frontends.has(component.kind));
  const names = new Set<string>();
  const apps = chosen.map(({ component, image }) => {
    const isFrontend = frontends.has(component.kind);
    const service = freeName(names, isFrontend ? "web" : "api", component.dir);
    const settingsModule = productionSettings(component.django);
    return {
      name: service,
      component,
      image,
      isFrontend,
      wiring: wireEnvironment(stack, [component, ...needs(component)], {
        database,
        redis,
        port: image.port,
        addresses: schemasOf(stack, component).flatMap(each => each.reads),
        scheme: schemeOf(uses, component, database),
        ...(settingsModule === undefined ? {} : { settingsModule }),
      }),
      routes: !hasPages || isFrontend ? ["/"] : ownPrefixes(component, chosen),
    };
  });
  const speaks = (app: PlannedApp, words: RegExp) =>
    [app.component, ...needs(app.component)].some(each =>
      packagesOf(stack, each).some(one => words.test(one)),
    );
  const unwired = [
    ...(database
      ? toldOf(
          apps.filter(app => speaks(app, drivers[database])),
          "db",
          "database and user app, password DB_PASSWORD",
        )
      : []),
    ...(redis
      ? toldOf(
          apps.filter(app => speaks(app, redisDrivers)),
          "redis",
          "password REDIS_PASSWORD",
        )
      : []),
  ];
  const placed = ownPaths(onePage(apps));
  return {
    name,
    apps: placed,
    database,
    redis,
    // What a program is made of goes with it.
    left: left.filter(
      each => !chosen.some(({ component }) => needs(component).some(one => one.dir === each.component.dir)),
    ),
    afterwards: [
      ...unwired,
      ...apps.flatMap(unbuiltOf),
      ...apps.flatMap(ownNames),
      ...placed.flatMap(belowRoot),
      ...new Set(schemas.filter(each => !each.hasSteps).map(toMigrate)),
      ...absentStores.flatMap(([name, words]) => (uses(words) ? [toAdd(name)] : [])),
    ],
  };
}

/** SQLAlchemy chooses its driver by the scheme; other programs know the plain one. */
function schemeOf(
  uses: (words: RegExp) => boolean,
  component: AppComponent,
  database: DatabaseKind | undefined,
): string {
  const isPlain = component.kind === "django" || component.package !== undefined;
  if (database === "mysql") {
    const driver = ["aiomysql", "asyncmy", "pymysql"].find(name => uses(new RegExp(`^${name}$`)));
    return isPlain || driver === undefined ? "mysql" : `mysql+${driver}`;
  }
  return uses(/^asyncpg$/) && !isPlain ? "postgresql+asyncpg" : "postgresql";
}

/** Nothing that these programs read names the store: their own code says where that is. */
function toldOf(apps: readonly PlannedApp[], store: string, account: string): string[] {
  const names = new RegExp(`@${store}:|^${store}$|"HOST": "${store}"`);
  const untold = apps.filter(({ wiring }) => !wiring.variables.some(({ value }) => names.test(value ?? "")));
  if (untold.length === 0) return [];
  const [its, code] = untold.length === 1 ? ["its", "its code reads"] : ["their", "their code reads"];
  return [
    `Tell ${listNames(untold.map(({ name }) => name))} where ${store === "db" ? `${its} database` : "Redis"} is (host ${store}, ${account}): no variable that ${code} says so.`,
  ];
}

function unbuiltOf({ name, wiring: { unbuilt } }: PlannedApp): string[] {
  if (unbuilt.length === 0) return [];
  return [
    `Set ${unbuilt.join(", ")} in .env before "${name}" is built: the browser's code takes ${unbuilt.length === 1 ? "this address" : "these addresses"} from there and has none of its own.`,
  ];
}

/** Django refuses every request for a name that its settings do not list. */
function ownNames({ name, component: { django, files } }: PlannedApp): string[] {
  const module = productionSettings(django);
  const file = django?.modules.find(each => each.module === module)?.file;
  const settings = file === undefined ? undefined : readDjangoSettings(files, file, djangoRoots(django!));
  const hosts = settings?.values.get("ALLOWED_HOSTS");
  const names = hosts && hosts.kind !== "env" ? concrete(hosts, () => undefined) : undefined;
  if (!hosts || !Array.isArray(names) || names.some(each => typeof each !== "string" || /^[*.]/.test(each)))
    return [];
  const others = names.filter(each => !/^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(String(each)));
  if (others.length === 0) return [];
  return [
    `Let "${name}" answer to the site's name: ALLOWED_HOSTS in ${hosts.at.file} has ${listNames(others.map(String))}, and every other name is refused.`,
  ];
}

/** It holds the list of the others. */
function isWorkspaceRoot({ files }: Stack, { dir, kind, package: manifest }: AppComponent): boolean {
  const lists = (manifest?.workspaces.length ?? 0) > 0;
  return kind === "node" && (lists || files.has(join(dir, "pnpm-workspace.yaml")) === "file");
}

/** A folder `packages` holds libraries, and programs where one is started. */
function isLibrary({ files }: Stack, { dir, kind, package: manifest }: AppComponent): boolean {
  if (!/(^|\/)packages(\/|$)/.test(dir) || !manifest) return false;
  const isBundle = kind === "vite" || kind === "cra";
  return isBundle ? files.has(join(dir, "index.html")) !== "file" : !manifest.scripts.has("start");
}

/** Members of the same workspace that a program is made of. */
function librariesOf({ files, components }: Stack, component: AppComponent): AppComponent[] {
  const workspace = component.package && workspaceOf(files, component.dir, component.package);
  const dirs = (workspace?.needs ?? []).map(each => join(workspace!.root, each.dir));
  return components.filter(each => dirs.includes(each.dir));
}

function schemasOf({ files }: Stack, { dir, package: manifest }: AppComponent): PrismaSchema[] {
  const workspace = manifest && workspaceOf(files, dir, manifest);
  return workspace ? prismaSchemas(files, workspace, manifest) : [];
}

function toMigrate({ file }: PrismaSchema): string {
  return `Make migrations of ${file} (npx prisma migrate dev) and commit them, then run init again: without them nothing brings the database to that schema.`;
}

/** Stores that are not written: what speaks to them starts, and finds nothing. */
const absentStores: readonly (readonly [string, RegExp])[] = [
  ["MongoDB", /^(mongodb|mongoose|pymongo|motor|mongoengine|beanie|djongo)$/],
  ["RabbitMQ", /^(amqplib|amqp-connection-manager|pika|aio-pika)$/],
  ["Elasticsearch", /^(@elastic\/elasticsearch|elasticsearch|elasticsearch-dsl)$/],
];

function toAdd(name: string): string {
  return `Add ${name} to compose.yml, or name one that you have: a dependency speaks to it, and this stack has none.`;
}

/** What the backend answers and no page server does. */
function ownPrefixes(
  component: AppComponent,
  all: readonly { readonly component: AppComponent }[],
): string[] {
  const pages = all.filter(each => each.component.kind === "next").map(each => each.component);
  return routePrefixes(component).filter(path => !pages.some(page => serves(page, path).answer === "yes"));
}

/** Of a bundle and its server in one directory, what the project's own start command runs: the server. */
function preferred(components: readonly AppComponent[]): readonly AppComponent[] {
  return components.filter(
    component =>
      !["vite", "cra"].includes(component.kind) ||
      !components.some(
        other =>
          other !== component &&
          other.dir === component.dir &&
          other.package?.scripts.has("start") === true &&
          !/vite|react-scripts|craco/.test(other.package.scripts.get("start")!.value),
      ),
  );
}

/** Of several page servers the one that visitors look for comes first; those of the site's own people come last. */
function visitorsFirst<T extends { readonly component: AppComponent }>(chosen: readonly T[]): T[] {
  const isPage = ({ component }: T) => frontends.has(component.kind);
  const rank = ({ component: { dir, kind } }: T) =>
    (/admin|dashboard|back-?office|(?:^|[/_-])(?:cms|panel|studio|internal)(?:[/_-]|$)/i.test(dir) ? 2 : 0) +
    (kind === "next" ? 0 : 1);
  const pages = chosen.filter(isPage).sort((a, b) => rank(a) - rank(b));
  return chosen.map(each => (isPage(each) ? pages.shift()! : each));
}

/** Pages ask for their files at the root of the site unless they are built for another path. */
function belowRoot({ name, isFrontend, routes, component: { kind } }: PlannedApp): string[] {
  const [path] = routes;
  if (!isFrontend || path === undefined || path === "/") return [];
  const setting = {
    next: "basePath in next.config",
    vite: "base in vite.config",
    cra: "homepage in package.json",
  }[kind as "next" | "vite" | "cra"];
  return [
    `Build "${name}" for its path ${path} (${setting}), or give it a name of its own in front-door/templates: its pages ask for their files at the root of the site.`,
  ];
}

/** The first page server gets what nobody else does; further ones and backends beside it only their own paths. */
function onePage(apps: readonly PlannedApp[]): PlannedApp[] {
  let taken = false;
  return apps.map(app => {
    if (!app.routes.includes("/")) return app;
    if (!taken) {
      taken = true;
      return app;
    }
    return { ...app, routes: [`/${app.name}`] };
  });
}

/** A path leads to one program: the first that answers it. One that is left without gets a path of its own. */
function ownPaths(apps: readonly PlannedApp[]): PlannedApp[] {
  const taken = new Set<string>();
  return apps.map(app => {
    const free = app.routes.filter(path => !taken.has(path));
    const routes = free.length > 0 ? free : [`/${app.name}`];
    for (const path of routes) taken.add(path);
    return { ...app, routes };
  });
}

function freeName(names: Set<string>, wanted: string, dir: string): string {
  const own = basename(dir)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-");
  const name =
    [wanted, own, `${own}-${wanted}`].find(each => each !== "" && !names.has(each)) ??
    `${wanted}${names.size}`;
  names.add(name);
  return name;
}

function packagesOf(stack: Stack, component: AppComponent): string[] {
  if (component.package)
    return component.package.dependencies.flatMap(each =>
      dependsOn(component.package!, each.name) ? [each.name] : [],
    );
  const names: string[] = [];
  const open = [component.manifest];
  for (let path = open.pop(); path !== undefined && names.length < 5_000; path = open.pop()) {
    const read = stack.files.read(path);
    if (!("source" in read)) continue;
    const { model } = parsePythonManifest(read.source);
    names.push(...model.dependencies.filter(each => each.group !== "dev").map(each => each.name));
    for (const include of model.includes) {
      const next = join(dirname(path), include.value);
      if (inside("", next) !== undefined && next !== path) open.push(next);
    }
  }
  return names;
}

/** A settings module that says production, where the project's own default is another one. */
function productionSettings(project: AppComponent["django"]): string | undefined {
  if (!project) return undefined;
  const found = project.modules.find(
    each => /(^|[._])prod(uction)?$/.test(each.module) && !/template|example/.test(each.file),
  );
  return found?.module ?? project.defaultModule?.value;
}
