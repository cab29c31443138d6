import { inside } from "../core/path.ts";
import { execForm } from "./exec-form.ts";
import type { PlannedApp, StackPlan } from "./stack-plan.ts";

/** Compose services of the applications and their stores, as lines; the first one of each is `name:`. */

export const hardening = ['  security_opt: ["no-new-privileges:true"]', "  cap_drop: [ALL]"];
export const logging = [
  "  logging:",
  "    driver: json-file",
  '    options: { max-size: 10m, max-file: "5" }',
];

export function limits(cpus: string, memory: string, pids: number): string {
  return `  deploy: { resources: { limits: { cpus: "${cpus}", memory: ${memory}, pids: ${pids} } } }`;
}

export function appServices(plan: StackPlan, app: PlannedApp): string[][] {
  const services = [webService(plan, app)];
  if (app.image.statics) services.push(staticService(plan, app));
  if (app.image.migrate) services.push(migrateService(plan, app, app.image.migrate));
  for (const worker of app.image.workers) services.push(workerService(plan, app, worker));
  return services;
}

/** Images have names with the release, so that the one before can be started again. */
function imageName(plan: StackPlan, app: PlannedApp): string {
  return `  image: \${REGISTRY:-localhost}/${plan.name}-${app.name}:\${RELEASE:-latest}`;
}

function buildLines(app: PlannedApp): string[] {
  const { context, dockerfile } = app.image;
  const below = inside(context, dockerfile.path)!;
  const args = app.image.buildArguments;
  const at = `./${context}`.replace(/\/$/, "");
  if (below === "Dockerfile" && args.length === 0) return [`  build: ${at === "." ? "." : at}`];
  return [
    "  build:",
    `    context: ${at}`,
    ...(below === "Dockerfile" ? [] : [`    dockerfile: ${below}`]),
    ...(args.length > 0
      ? ["    args:", ...args.map(name => `      ${name}: ${app.wiring.built.get(name) ?? ""}`.trimEnd())]
      : []),
  ];
}

/** Another stage of the application's Dockerfile, with an image of its own. */
function stageLines(plan: StackPlan, app: PlannedApp, stage: string): string[] {
  const [first, ...lines] = buildLines(app);
  const short = /^ {2}build: (.*)$/.exec(first!)?.[1];
  return [
    imageName(plan, app).replace(`-${app.name}:`, `-${app.name}-${stage}:`),
    "  build:",
    ...(short === undefined ? lines : [`    context: ${short}`]),
    `    target: ${stage}`,
  ];
}

function environmentLines(app: PlannedApp): string[] {
  const { variables } = app.wiring;
  if (variables.length === 0) return [];
  return [
    "  environment:",
    ...variables.map(({ name, value }) => `    ${name}:${value === undefined ? "" : ` ${value}`}`),
  ];
}

/** Speaks to the stores: a backend, or a server of pages that is told where one is. */
function usesStores(plan: StackPlan, app: PlannedApp): boolean {
  if (!plan.database && !plan.redis) return false;
  return (
    !app.isFrontend || app.wiring.variables.some(({ value }) => /@(db|redis):|^(db|redis)$/.test(value ?? ""))
  );
}

function stores(plan: StackPlan, app: PlannedApp): string[] {
  if (!usesStores(plan, app)) return [];
  return [
    ...(plan.database ? ["    db: { condition: service_healthy }"] : []),
    ...(plan.redis ? ["    redis: { condition: service_healthy }"] : []),
  ];
}

function networksOf(plan: StackPlan, app: PlannedApp): string {
  return `  networks: [edge${usesStores(plan, app) ? ", internal" : ""}]`;
}

function dependsOn(lines: readonly string[]): string[] {
  return lines.length > 0 ? ["  depends_on:", ...lines] : [];
}

function webService(plan: StackPlan, app: PlannedApp): string[] {
  const { image } = app;
  const isBundle = app.component.kind === "vite" || app.component.kind === "cra";
  const waits = [
    ...stores(plan, app),
    ...(image.migrate
      ? [`    ${migrateName(plan, app)}: { condition: service_completed_successfully }`]
      : []),
  ];
  return [
    `${app.name}:`,
    imageName(plan, app),
    ...buildLines(app),
    "  restart: unless-stopped",
    ...(isBundle ? [] : ["  init: true"]),
    ...environmentLines(app),
    networksOf(plan, app),
    ...volumesOf(plan, app),
    ...dependsOn(waits),
    ...healthLines(app),
    ...hardening,
    ...(isBundle ? ["  read_only: true", '  tmpfs: ["/tmp"]'] : []),
    "  stop_grace_period: 30s",
    ...logging,
    isBundle ? limits("0.5", "64M", 32) : limits("1", "512M", 128),
  ];
}

/** Serves the files that Django collects and does not serve. */
function staticService(plan: StackPlan, app: PlannedApp): string[] {
  const { context, dockerfile } = app.image;
  return [
    `${staticName(app)}:`,
    imageName(plan, app).replace(`-${app.name}:`, `-${staticName(app)}:`),
    "  build:",
    `    context: ${context === "" ? "." : `./${context}`}`,
    `    dockerfile: ${inside(context, dockerfile.path)}`,
    "    target: static",
    "  restart: unless-stopped",
    "  networks: [edge]",
    ...uploadMount(app),
    ...hardening,
    "  read_only: true",
    '  tmpfs: ["/tmp"]',
    ...logging,
    limits("0.5", "64M", 32),
  ];
}

/** Uploads where the server of files looks for them. */
function uploadMount(app: PlannedApp): string[] {
  const path = app.image.uploadsPath;
  if (path === undefined) return [];
  const [volume] = uploadVolumes(app);
  return [`  volumes: ["${volume!.name}:/usr/share/nginx/html${path.replace(/\/$/, "")}:ro"]`];
}

export function staticName(app: PlannedApp): string {
  return `${app.name}-static`;
}

/** The image's own check where it has one; else whether the program answers at all. */
function healthLines(app: PlannedApp): string[] {
  const { image, component } = app;
  if (image.health !== undefined) return [];
  const url = `http://127.0.0.1:${image.port}/`;
  const test = component.package
    ? [
        "CMD",
        "node",
        "-e",
        `fetch('${url}').then(r => process.exit(r.status < 500 ? 0 : 1), () => process.exit(1))`,
      ]
    : [
        "CMD",
        "python",
        "-c",
        `import http.client as h; c = h.HTTPConnection('127.0.0.1', ${image.port}, timeout=4); c.request('GET', '/', headers={'Host': 'localhost', 'X-Forwarded-Proto': 'https'}); exit(c.getresponse().status >= 500)`,
      ];
  return [
    "  # No route of the application is made for probes: any answer but an error of the server counts.",
    "  healthcheck:",
    `    test: ${execForm(test)}`,
    "    interval: 15s",
    "    timeout: 5s",
    "    retries: 3",
    "    start_period: 30s",
  ];
}

/** Names of the volumes in which uploads live, by their directory in the image. */
export function uploadVolumes(app: PlannedApp): { readonly name: string; readonly target: string }[] {
  return app.image.uploads.map((target, index) => ({
    name: index === 0 ? `${app.name}-uploads` : `${app.name}-uploads-${index + 1}`,
    target,
  }));
}

function volumesOf(_plan: StackPlan, app: PlannedApp): string[] {
  const volumes = uploadVolumes(app);
  return volumes.length > 0
    ? ["  volumes:", ...volumes.map(({ name, target }) => `    - ${name}:${target}`)]
    : [];
}

function migrateName(plan: StackPlan, app: PlannedApp): string {
  return plan.apps.filter(each => each.image.migrate).length > 1 ? `${app.name}-migrate` : "migrate";
}

function migrateService(plan: StackPlan, app: PlannedApp, command: readonly string[]): string[] {
  const stage = app.image.migrateStage;
  return [
    "# Runs and ends, before anything that needs the schema starts.",
    `${migrateName(plan, app)}:`,
    ...(stage === undefined ? [imageName(plan, app), ...buildLines(app)] : stageLines(plan, app, stage)),
    '  restart: "no"',
    "  init: true",
    ...(stage === undefined ? [`  command: ${execForm(command)}`] : []),
    ...environmentLines(app),
    networksOf(plan, app),
    ...dependsOn(stores(plan, app)),
    "  healthcheck: { disable: true }",
    ...hardening,
    ...logging,
    limits("1", "512M", 64),
  ];
}

function workerService(
  plan: StackPlan,
  app: PlannedApp,
  worker: PlannedApp["image"]["workers"][number],
): string[] {
  const application = worker.command[2]!;
  const isWorker = worker.name === "worker";
  const waits = [
    ...stores(plan, app),
    ...(app.image.migrate
      ? [`    ${migrateName(plan, app)}: { condition: service_completed_successfully }`]
      : []),
  ];
  return [
    `${worker.name}:`,
    imageName(plan, app),
    ...buildLines(app),
    "  restart: unless-stopped",
    "  init: true",
    `  command: ${execForm(worker.command)}`,
    ...environmentLines(app),
    networksOf(plan, app),
    ...volumesOf(plan, app),
    ...dependsOn(waits),
    ...(isWorker
      ? [
          "  # Asks this worker through the broker: both have to be well.",
          "  healthcheck:",
          `    test: ["CMD-SHELL", "celery --app ${application} inspect ping --timeout 10 --destination celery@$$HOSTNAME"]`,
          "    interval: 60s",
          "    timeout: 25s",
          "    retries: 3",
          "    start_period: 30s",
        ]
      : ["  # It has no port and answers nobody.", "  healthcheck: { disable: true }"]),
    ...hardening,
    "  stop_grace_period: 60s",
    ...logging,
    limits("1", "512M", 64),
  ];
}

export function redisService(): string[] {
  return [
    "redis:",
    "  image: redis:8.4.2-bookworm",
    "  restart: unless-stopped",
    "  user: redis",
    "  environment:",
    "    REDIS_PASSWORD: ${REDIS_PASSWORD:?}",
    "  # noeviction: what waits in a queue must not be forgotten.",
    "  command:",
    "    - sh",
    "    - -c",
    '    - exec redis-server --requirepass "$$REDIS_PASSWORD" --appendonly yes --maxmemory 192mb --maxmemory-policy noeviction',
    "  networks: [internal]",
    '  volumes: ["queue:/data"]',
    "  # redis-cli ends with 0 whatever the answer was.",
    "  healthcheck:",
    '    test: ["CMD-SHELL", "REDISCLI_AUTH=\\"$$REDIS_PASSWORD\\" redis-cli ping | grep -q PONG"]',
    "    interval: 10s",
    "    timeout: 5s",
    "    retries: 5",
    "    start_period: 10s",
    ...hardening,
    "  stop_grace_period: 20s",
    ...logging,
    limits("0.5", "256M", 32),
  ];
}
