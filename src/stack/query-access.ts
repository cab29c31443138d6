import type { Location } from "../core/source.ts";
import { isPlaceholder, isWeakSecret } from "../formats/secret.ts";
import { hasWorkstationValues } from "./env-work.ts";
import { containerFile, isStore } from "./query.ts";
import { openPorts } from "./query-ports.ts";
import { setByRelease } from "./query-release-sets.ts";
import type { Port, Service, Stack } from "./stack.ts";

/** Questions about who can reach a service, and what it asks of them. */

/** Ports of a store where a console answers: what they give access to is told apart from the store. */
export const consolePorts: ReadonlySet<number> = new Set([15672, 9001, 5601, 18083]);

/** Ports on which nothing but such a store listens: an image with a name of its own is known by them. */
const ofStores: ReadonlyMap<number, string> = new Map([
  ...[1433, 1521, 3306, 5432, 27017].map(port => [port, "database"] as const),
  [6379, "cache"],
]);

/** A store that the internet reaches, by its image or, where nobody knows the image, by its port. */
export function publishedStore(service: Service): { kind: string; ports: readonly Port[] } | undefined {
  const open = openPorts(service).filter(
    port => !consolePorts.has(port.target ?? 0) && !isElsewhere(service, port),
  );
  if (isStore(service)) return { kind: service.kind, ports: open };
  const isUnknown = service.build ? !service.model && !service.component : service.kind === "unknown";
  const ports = isUnknown ? open.filter(port => ofStores.has(port.target ?? 0)) : [];
  const kind = ofStores.get(ports[0]?.target ?? 0);
  return kind === undefined ? undefined : { kind, ports };
}

/** A port of visitors in a container whose store listens on its own one, and is told of no other. */
function isElsewhere({ facts, process }: Service, { target }: Port): boolean {
  return (
    (target === 80 || target === 443) &&
    facts !== undefined &&
    facts.ports.length > 0 &&
    !facts.ports.includes(target) &&
    !new RegExp(`\\b${target}\\b`).test(process?.text ?? "")
  );
}

/** What a client needs. `none`: nothing; `known`: a credential that the repository tells. */
export interface Access {
  readonly asks: "none" | "known";
  readonly at: Location;
  readonly shows: string;
  /** False where a variable of the host could still change it. */
  readonly sure: boolean;
  /** The password is a word that asks for another one. */
  readonly asked?: true;
}

/** A literal of the repository that a variable gets; undefined when it is not set, unseen, or only the host knows it. */
export interface KnownCredential {
  readonly value: string;
  readonly at: Location;
  readonly sure: boolean;
}

type Credential = KnownCredential | "unseen" | undefined;

/** The first of these variables that the service has. Values of files that git does not track count when they are guessable. */
export function credentialOf(stack: Stack, service: Service, ...names: string[]): Credential {
  for (const name of names) {
    if (service.environment.some(entry => entry.name === `${name}_FILE`)) return "unseen";
    const variable = service.environment.find(entry => entry.name === name);
    if (!variable) continue;
    const text = variable.value?.text;
    if (!text) return "unseen";
    // A default is for those who set nothing; the release does.
    const byDefault = variable.value?.byDefault ? variable.value.references : [];
    const isSet = byDefault.length > 0 && byDefault.every(each => setByRelease(stack).has(each.name));
    if (isSet && service.project.grade === "deployed") return "unseen";
    const fromDotenv = (variable.value?.references.length ?? 0) > 0 && !variable.value?.byDefault;
    if (fromDotenv && hasWorkstationValues(stack, service)) return "unseen";
    const directory = service.project.directory;
    const file = fromDotenv ? `${directory === "" ? "" : `${directory}/`}.env` : variable.at.file;
    // Outside git nothing is tracked: what Compose itself says is in the repository all the same.
    const committed = stack.files.tracked(file) ?? (!fromDotenv && variable.from !== "env_file");
    if (!committed && !isPlaceholder(text) && !isWeakSecret(text)) return "unseen";
    return { value: text, at: variable.nameAt, sure: !variable.value?.byDefault };
  }
  return service.envFiles.some(use => use.file === undefined) || service.get("extends")
    ? "unseen"
    : undefined;
}

/** How a store lets clients in; undefined when it asks for something that the repository does not tell. */
export function storeAccess(stack: Stack, service: Service): Access | undefined {
  const family = service.imageRef?.family ?? service.model?.base?.family ?? "";
  // Bitnami's images ask for a password, unless they are told not to.
  const empty = /^bitnami(?:legacy)?\//.test(family) ? isOn(service, "ALLOW_EMPTY_PASSWORD") : undefined;
  if (empty) return open(empty, "no password is required");
  const rule = families.find(([pattern]) => pattern.test(family))?.[1];
  return rule?.(stack, service);
}

type Ask = (stack: Stack, service: Service) => Access | undefined;

const families: readonly (readonly [RegExp, Ask])[] = [
  [/postg|timescale|pgvector/, postgres],
  [/mysql|mariadb|percona/, mysql],
  [/mongo$|mongodb/, mongo],
  [/redis|valkey|keydb|dragonfly/, redis],
  [/^memcached$/, memcached],
  [/elasticsearch/, elasticsearch],
  [/opensearch$/, opensearch],
  [/meilisearch/, meilisearch],
  [/rabbitmq/, withDefault("its default login guest is in use", "RABBITMQ_DEFAULT_PASS")],
  [/clickhouse/, clickhouse],
  [
    /mssql\/server$/,
    (stack, service) => known(credentialOf(stack, service, "MSSQL_SA_PASSWORD", "SA_PASSWORD")),
  ],
  [/minio/, withDefault("its default login is in use", "MINIO_ROOT_PASSWORD", "MINIO_SECRET_KEY")],
];

function open(at: Location, shows: string, sure = true): Access {
  return { asks: "none", at, shows, sure };
}

function known(credential: Credential): Access | undefined {
  if (credential === undefined || credential === "unseen") return undefined;
  const shows = credential.sure ? "the password can be read here" : "a default password can be read here";
  const asked = isPlaceholder(credential.value) ? { asked: true as const } : {};
  return { asks: "known", at: credential.at, shows, sure: credential.sure, ...asked };
}

function isOn(service: Service, name: string): Location | undefined {
  const variable = service.environment.find(entry => entry.name === name);
  return /^(?:true|yes|1|on)$/i.test(variable?.value?.text ?? "") ? variable?.nameAt : undefined;
}

function postgres(stack: Stack, service: Service): Access | undefined {
  const method = service.environment.find(entry => entry.name === "POSTGRES_HOST_AUTH_METHOD");
  if (method?.value?.text === "trust") return open(method.nameAt, "everybody is let in without a password");
  return known(credentialOf(stack, service, "POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD", "POSTGRES_PASS"));
}

function mysql(stack: Stack, service: Service): Access | undefined {
  for (const name of [
    "MYSQL_ALLOW_EMPTY_PASSWORD",
    "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
    "ALLOW_EMPTY_PASSWORD",
  ]) {
    const at = isOn(service, name);
    if (at) return open(at, "root may log in without a password");
  }
  const names = ["MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD", "MYSQL_PASSWORD", "MARIADB_PASSWORD"];
  return names
    .map(name => credentialOf(stack, service, name))
    .map(known)
    .find(access => access !== undefined);
}

function mongo(stack: Stack, service: Service): Access | undefined {
  const credential = credentialOf(stack, service, "MONGO_INITDB_ROOT_PASSWORD", "MONGODB_ROOT_PASSWORD");
  if (credential !== undefined || service.imageRef?.family !== "mongo") return known(credential);
  if (hasOwnCommand(service, /^(?:--auth|--keyFile|--config|-f)/)) return undefined;
  return open(service.at, "no root user is set, so access control is off");
}

function redis(stack: Stack, service: Service): Access | undefined {
  const words = (service.process?.commands ?? []).flat();
  const flag = words.findIndex(word => /requirepass/.test(word.value ?? ""));
  if (flag !== -1) {
    const value = words[flag + 1];
    const at = service.process!.from === "compose" ? value?.at : undefined;
    const text = words[flag]!.value === "--requirepass" ? value?.value : undefined;
    const guessable = at && text && !text.includes("$") && stack.files.tracked(at.file);
    const references = service.command?.text.includes("${") ?? false;
    return guessable && !references ? known({ value: text, at, sure: true }) : undefined;
  }
  const isBitnami = /bitnami/.test(service.imageRef?.name ?? "");
  // The official image reads no variable: only its command or a file gives it a password.
  const bitnami = isBitnami ? credentialOf(stack, service, "REDIS_PASSWORD", "VALKEY_PASSWORD") : undefined;
  if (bitnami !== undefined) return known(bitnami);
  if (service.entrypoint || (service.build ?? service.made)) return undefined;
  const config = words.find(word => /\.conf$/.test(word.value ?? ""));
  if (config?.value !== undefined) {
    const path = containerFile(stack, service, config.value).repositoryPath;
    const read = path === undefined ? undefined : stack.files.read(path);
    if (!read || !("source" in read)) return undefined;
    if (/^[ \t]*(?:requirepass|aclfile|user|include|bind\s+127)\b/m.test(read.source.text)) return undefined;
  }
  if (words.some(word => word.value === undefined || /aclfile|\$/.test(word.value))) return undefined;
  // The bundle of modules takes the words for its server from a variable.
  const given = service.environment.some(({ name }) => name === "REDIS_ARGS");
  if (given || service.envFiles.some(use => use.file === undefined)) {
    if (service.imageRef?.family === "redis/redis-stack") return undefined;
  }
  return /^(?:redis|valkey\/valkey|redis\/redis-stack)$/.test(service.imageRef?.family ?? "")
    ? open(service.at, "no password is required")
    : undefined;
}

function memcached(_stack: Stack, service: Service): Access | undefined {
  return hasOwnCommand(service, /^(?:-S|--enable-sasl|-Y|--auth-file)/)
    ? undefined
    : open(service.at, "memcached asks for no password");
}

function elasticsearch(stack: Stack, service: Service): Access | undefined {
  const security = service.environment.find(entry => entry.name === "xpack.security.enabled");
  if (security?.value?.text === "false") return open(security.nameAt, "security is switched off");
  const old = /^[1-7]\./.test(service.imageRef?.tag ?? "") && !security;
  const configured = service.mounts.some(mount => mount.target.includes("/config"));
  if (old && !configured && credentialOf(stack, service, "ELASTIC_PASSWORD") === undefined)
    return open(service.at, "security is off by default in this version");
  return known(credentialOf(stack, service, "ELASTIC_PASSWORD"));
}

function opensearch(stack: Stack, service: Service): Access | undefined {
  const at = isOn(service, "DISABLE_SECURITY_PLUGIN") ?? isOn(service, "plugins.security.disabled");
  if (at) return open(at, "security is switched off");
  return known(credentialOf(stack, service, "OPENSEARCH_INITIAL_ADMIN_PASSWORD"));
}

/** Without a password the images of before 2025 let everybody in, and newer ones nobody: the tag decides, if at all. */
function clickhouse(stack: Stack, service: Service): Access | undefined {
  const at = isOn(service, "CLICKHOUSE_SKIP_USER_SETUP");
  if (at && !service.mounts.some(mount => /users/.test(mount.target)))
    return open(at, "the account without a password is left as it is");
  return known(credentialOf(stack, service, "CLICKHOUSE_PASSWORD"));
}

function meilisearch(stack: Stack, service: Service): Access | undefined {
  const credential = credentialOf(stack, service, "MEILI_MASTER_KEY");
  if (credential !== undefined) return known(credential);
  return hasOwnCommand(service, /^--(?:master-key|config)/)
    ? undefined
    : open(service.at, "no master key is set");
}

function withDefault(shows: string, ...names: string[]): Ask {
  return (stack, service) => {
    const credential = credentialOf(stack, service, ...names);
    if (credential !== undefined) return known(credential);
    const configured = service.mounts.some(mount => mount.type === "bind" && /etc|conf/.test(mount.target));
    return configured || (service.build ?? service.made)
      ? undefined
      : { asks: "known", at: service.at, shows, sure: true };
  };
}

/** A command that has such an option, or that cannot be read far enough to say no. */
function hasOwnCommand(service: Service, option: RegExp): boolean {
  if (service.entrypoint || (service.build ?? service.made)) return true;
  const words = (service.process?.commands ?? []).flat();
  return words.some(word => word.value === undefined || option.test(word.value));
}
