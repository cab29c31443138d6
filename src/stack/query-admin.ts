import type { Severity } from "../core/finding.ts";
import type { Location } from "../core/source.ts";
import { serverServices } from "./query.ts";
import { credentialOf, publishedStore, storeAccess } from "./query-access.ts";
import { type OpenTool, openTools } from "./query-admin-open.ts";
import { openPorts } from "./query-ports.ts";
import { traefikStatic } from "./query-traefik.ts";
import type { Service, Stack } from "./stack.ts";

/** What somebody who reaches the console of a service can do. */
export interface AdminAccess {
  /** The tool, to begin a sentence with. */
  readonly what: string;
  /** Container ports of the console. */
  readonly ports: readonly number[];
  readonly severity: Severity;
  /** A clause: "everybody reads ...". */
  readonly consequence: string;
  readonly because: readonly { readonly at: Location; readonly shows: string }[];
  readonly sure: boolean;
}

type Judge = (
  stack: Stack,
  service: Service,
  words: readonly string[],
) => (Omit<AdminAccess, "ports"> & Partial<Pick<AdminAccess, "ports">>) | undefined;

interface Tool {
  readonly image: RegExp;
  readonly ports: readonly number[];
  readonly judge: Judge;
}

/** The console of a service and what protects it; undefined where there is none, or where its own login is meant to. */
export function adminAccess(stack: Stack, service: Service): AdminAccess | undefined {
  const name = service.imageRef?.name ?? service.model?.base?.name ?? "";
  const words = (service.process?.commands ?? []).flat().map(word => word.value ?? "$");
  const isFlower = words.includes("flower") && words.some(word => /celery$/.test(word));
  const tool = isFlower ? flower : (tools.find(each => each.image.test(name)) ?? openTool(name, words));
  const judged = tool?.judge(stack, service, words);
  return tool && judged ? { ports: tool.ports, ...judged } : undefined;
}

/** Where known credentials stand that open a published store or console: what is said about the port shows them. */
export function openedCredentials(stack: Stack): Location[] {
  return serverServices(stack).flatMap(service => {
    const targets = openPorts(service).map(port => port.target ?? 0);
    const isOpen = (publishedStore(service)?.ports.length ?? 0) > 0;
    const store = isOpen ? storeAccess(stack, service) : undefined;
    const admin = adminAccess(stack, service);
    const because = admin && targets.some(target => admin.ports.includes(target)) ? admin.because : [];
    return [...(store?.asks === "known" ? [store.at] : []), ...because.map(each => each.at)];
  });
}

/** A tool of the table, unless the service gives it a configuration file of its own. */
function openTool(name: string, words: readonly string[]): Tool | undefined {
  const found = openTools.find(each => each.image.test(name));
  if (!found || (found.onlyWith && !words.some(word => found.onlyWith!.test(word)))) return undefined;
  return { image: found.image, ports: found.ports, judge: openJudge(found) };
}

const openJudge =
  ({ what, severity, consequence, guard, always }: OpenTool): Judge =>
  (stack, service, words) => {
    const configured =
      !always &&
      service.mounts.some(
        mount =>
          mount.type === "bind" &&
          /\.(?:ya?ml|toml|ini|conf|json)$|\/(?:etc|conf(?:ig)?)(?:\/|$)/.test(mount.target),
      );
    return configured ? undefined : withoutLogin(what, severity, consequence, guard)(stack, service, words);
  };

function answer(
  what: string,
  severity: Severity,
  consequence: string,
  because: AdminAccess["because"] = [],
  sure = true,
): Omit<AdminAccess, "ports"> {
  return { what, severity, consequence, because, sure };
}

function text(service: Service, name: string): string | undefined {
  return service.environment.find(entry => entry.name === name)?.value?.text;
}

function isSet(service: Service, pattern: RegExp): boolean {
  return (
    service.environment.some(entry => pattern.test(entry.name)) ||
    service.envFiles.some(use => use.file === undefined)
  );
}

const databaseTool =
  (what: string): Judge =>
  (stack, service) => {
    // These tools open databases; a cache beside it that asks for no password is no way in.
    const stores = service.project.services.filter(each => each.kind === "database");
    const known = stores.map(store => storeAccess(stack, store)).find(access => access !== undefined);
    if (!known) return answer(what, "medium", "everybody may try passwords of the database there");
    return answer(
      what,
      "critical",
      known.asks === "none"
        ? "everybody gets at the database through it, which asks for no password"
        : "everybody gets at the database through it with a password that the repository tells",
      [{ at: known.at, shows: known.shows }],
      known.sure,
    );
  };

const phpMyAdmin: Judge = (stack, service, words) => {
  const entry = service.environment.find(each => each.name === "PMA_PASSWORD");
  if (!entry) return databaseTool("phpMyAdmin")(stack, service, words);
  return answer("phpMyAdmin", "critical", "it logs every visitor in to the database", [
    { at: entry.nameAt, shows: "visitors are logged in with this" },
  ]);
};

/** A login of the tool's own: silent when only the server knows it and its login is meant to face people. */
const ownLogin =
  (what: string, power: string, weak: Severity, otherwise: Severity | undefined, ...names: string[]): Judge =>
  (stack, service) => {
    const credential = credentialOf(stack, service, ...names);
    if (credential === "unseen" || credential === undefined)
      return otherwise && answer(what, otherwise, `its login is all that keeps strangers from ${power}`);
    return answer(
      what,
      weak,
      `the repository tells its password, which gives ${power}`,
      [
        {
          at: credential.at,
          shows: credential.sure ? "the password can be read here" : "a default password can be read here",
        },
      ],
      credential.sure,
    );
  };

const withoutLogin =
  (what: string, severity: Severity, consequence: string, protectedBy?: RegExp): Judge =>
  (_stack, service, words) => {
    if (protectedBy && (isSet(service, protectedBy) || words.some(word => protectedBy.test(word))))
      return undefined;
    return answer(what, severity, `without a login, everybody ${consequence}`);
  };

const grafana: Judge = (stack, service) => {
  const configured = service.mounts.some(mount => /grafana\.ini$|^\/etc\/grafana\/?$/.test(mount.target));
  const credential = credentialOf(
    stack,
    service,
    "GF_SECURITY_ADMIN_PASSWORD",
    "GF_SECURITY_ADMIN_PASSWORD__FILE",
  );
  if (credential === "unseen" || configured) return undefined;
  if (isSet(service, /^GF_(?:SECURITY_DISABLE_INITIAL_ADMIN_CREATION|AUTH_DISABLE_LOGIN_FORM)$/))
    return undefined;
  if (credential === undefined)
    return answer(
      "Grafana",
      "high",
      "its administrator is admin with the password admin until somebody logs in",
      [{ at: service.at, shows: "no administrator's password is set" }],
    );
  return answer(
    "Grafana",
    "high",
    "the repository tells its administrator's password",
    [{ at: credential.at, shows: "the password can be read here" }],
    credential.sure,
  );
};

const emqx: Judge = (stack, service) => {
  const credential = credentialOf(stack, service, "EMQX_DASHBOARD__DEFAULT_PASSWORD");
  const configured = service.mounts.some(mount => /\/etc(?:\/|$)/.test(mount.target));
  if (credential === "unseen" || (credential === undefined && configured)) return undefined;
  return credential === undefined
    ? answer(
        "The dashboard of EMQX",
        "high",
        "its administrator is admin with the password public until somebody changes it",
        [{ at: service.at, shows: "no administrator's password is set" }],
      )
    : answer(
        "The dashboard of EMQX",
        "high",
        "the repository tells its administrator's password",
        [{ at: credential.at, shows: "the password can be read here" }],
        credential.sure,
      );
};

const mongoExpress: Judge = (_stack, service) => {
  if (text(service, "ME_CONFIG_BASICAUTH") !== "false" && isSet(service, /^ME_CONFIG_BASICAUTH_PASSWORD/)) {
    return undefined;
  }
  return answer(
    "mongo-express",
    "critical",
    "everybody reads and changes the database with its default login or none",
  );
};

const prometheus: Judge = (_stack, service, words) => {
  if (words.some(word => word.startsWith("--web.config.file"))) return undefined;
  const flag = service.command?.words.find(word =>
    /^--web\.enable-(?:lifecycle|admin-api)(?:=true)?$/.test(word.value ?? ""),
  );
  if (!flag)
    return answer("Prometheus", "medium", "without a login, everybody reads the metrics of the stack");
  const power = flag.value?.includes("admin") ? "deletes its data" : "stops or reloads it";
  return answer("Prometheus", "high", `without a login, everybody reads its metrics and ${power}`, [
    { at: flag.at, shows: "its management API is on" },
  ]);
};

const traefik: Judge = (stack, service) => {
  const flag = service.command?.words.find(word => /^--api\.insecure(?:=true)?$/i.test(word.value ?? ""));
  const option = flag ? undefined : traefikStatic(stack, service)?.options.get("api.insecure");
  const at = flag?.at ?? (option && /^true$/i.test(option.value) ? option.at : undefined);
  if (!at) return undefined;
  // Its entry point is called so, and may be given another port.
  const address = traefikStatic(stack, service)?.options.get("entrypoints.traefik.address")?.value;
  const port = Number(/:(\d+)$/.exec(address ?? "")?.[1] ?? 0);
  const found = answer(
    "The dashboard of Traefik",
    "medium",
    "without a login, everybody reads the routes and services of the stack",
    [{ at, shows: "the dashboard asks for no login" }],
  );
  return port > 0 ? { ...found, ports: [port] } : found;
};

const pgAdmin: Judge = (stack, service, words) =>
  /^false$/i.test(text(service, "PGADMIN_CONFIG_SERVER_MODE") ?? "")
    ? answer("pgAdmin", "high", "in desktop mode it asks for no login")
    : ownLogin(
        "pgAdmin",
        "the database servers that it keeps",
        "high",
        "medium",
        "PGADMIN_DEFAULT_PASSWORD",
      )(stack, service, words);

/** The official image has its console under tags that say so, or where something switches the plugin on. */
function hasConsole({ imageRef, mounts }: Service, words: readonly string[]): boolean {
  if (imageRef?.family !== "rabbitmq" || /management|\$/.test(imageRef.tag ?? "")) return true;
  return (
    words.some(word => /rabbitmq_management/.test(word)) ||
    mounts.some(mount => /enabled_plugins|^\/etc\/rabbitmq\/?$/.test(mount.target))
  );
}

const rabbit: Judge = (stack, service, words) => {
  if (!hasConsole(service, words)) return undefined;
  const access = storeAccess(stack, service);
  if (!access)
    return answer(
      "The management console of RabbitMQ",
      "medium",
      "its login is all that keeps strangers from the queues",
    );
  return answer(
    "The management console of RabbitMQ",
    "critical",
    "its login can be known by everybody",
    [{ at: access.at, shows: access.shows }],
    access.sure,
  );
};

/** What Elasticsearch lets its console do is what it lets everybody do who reaches it. */
const kibana: Judge = (stack, service) => {
  const off = service.environment.find(
    each => each.name === "DISABLE_SECURITY_DASHBOARDS_PLUGIN" && /^true$/i.test(each.value?.text ?? ""),
  );
  const open = service.project.services
    .filter(each => each.kind === "search" && /search$/.test(each.imageRef?.family ?? ""))
    .map(each => storeAccess(stack, each))
    .find(access => access?.asks === "none");
  const because = off ? { at: off.nameAt, shows: "its login is switched off" } : open;
  return (
    because &&
    answer(
      "The console of the search engine",
      "critical",
      "without a login, everybody reads and changes what it holds",
      [{ at: because.at, shows: because.shows }],
    )
  );
};

/** The port of the store itself is told there, with the same login. */
const minio: Judge = (stack, service) => {
  const access = storeAccess(stack, service);
  if (!access)
    return answer("The console of MinIO", "medium", "its login is all that keeps strangers from the files");
  if (openPorts(service).some(port => port.target === 9000)) return undefined;
  return answer(
    "The console of MinIO",
    "critical",
    "its login can be known by everybody",
    [{ at: access.at, shows: access.shows }],
    access.sure,
  );
};

const flower: Tool = {
  image: /(?:^|\/)flower$/,
  ports: [5555],
  judge: withoutLogin(
    "Flower",
    "high",
    "reads the arguments of every task and may stop the workers",
    /^FLOWER_(?:BASIC_?AUTH|AUTH|OAUTH)|^--?(?:basic[-_]auth|auth|conf)\b|^\$$/i,
  ),
};

const tools: readonly Tool[] = [
  flower,
  { image: /(?:^|\/)adminer$/, ports: [8080], judge: databaseTool("Adminer") },
  { image: /(?:^|\/)phpmyadmin$/, ports: [80], judge: phpMyAdmin },
  { image: /(?:^|\/)pgadmin4$/, ports: [80, 443], judge: pgAdmin },
  { image: /(?:^|\/)mongo-express$/, ports: [8081], judge: mongoExpress },
  { image: /^rabbitmq$|\/rabbitmq$/, ports: [15672], judge: rabbit },
  { image: /^(?:prom\/prometheus|prometheus\/prometheus)$/, ports: [9090], judge: prometheus },
  {
    image: /(?:^|\/)alertmanager$/,
    ports: [9093],
    judge: withoutLogin("Alertmanager", "medium", "may silence its alerts", /^--web\.config\.file/),
  },
  {
    image: /(?:^|\/)node[-_]exporter$/,
    ports: [9100],
    judge: withoutLogin(
      "The node exporter",
      "medium",
      "reads the server's load, disks, network and kernel",
      /^--web\.config\.file/,
    ),
  },
  {
    image: /(?:^|\/)(?:redis|postgres|mysqld|nginx-prometheus|mongodb|rabbitmq|elasticsearch)[-_]exporter$/,
    ports: [9121, 9187, 9104, 9216, 9113, 9419, 9114],
    judge: withoutLogin(
      "A metrics exporter",
      "medium",
      "reads how the service behind it is used",
      /^--web\.config\.file/,
    ),
  },
  {
    image: /^grafana\/loki$/,
    ports: [3100],
    judge: withoutLogin("Loki", "high", "reads the logs of the stack", /^\$$/),
  },
  { image: /(?:^|\/)(?:kibana|opensearch-dashboards)$/, ports: [5601], judge: kibana },
  { image: /(?:^|\/)minio$/, ports: [9001], judge: minio },
  {
    image: /(?:^|\/)portainer(?:-ce|-ee)?$/,
    ports: [9000],
    judge: ownLogin("Portainer", "the server's container engine", "high", "medium"),
  },
  {
    image: /(?:^|\/)keycloak$/,
    ports: [8080],
    judge: ownLogin(
      "Keycloak",
      "every account",
      "high",
      undefined,
      "KC_BOOTSTRAP_ADMIN_PASSWORD",
      "KEYCLOAK_ADMIN_PASSWORD",
    ),
  },
  { image: /^grafana\/grafana/, ports: [3000], judge: grafana },
  { image: /^traefik$/, ports: [8080], judge: traefik },
  { image: /(?:^|\/)emqx$/, ports: [18083], judge: emqx },
];
