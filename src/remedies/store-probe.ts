import { containerFile } from "../stack/query.ts";
import { hasUnseenEnvironment } from "../stack/query-environment.ts";
import { toolInContainer } from "../stack/query-health.ts";
import type { Service, Stack } from "../stack/stack.ts";
import type { Probe } from "./probe.ts";

/**
 * Health checks of data stores, with the tools of their own images. Sources: the images' and the tools' pages, read
 * in November 2026; that each turns healthy and unhealthy was tried where test/engine says so.
 */
const families: readonly (readonly [RegExp, (stack: Stack, service: Service) => Probe | undefined])[] = [
  [/postg|timescale|pgvector/, postgres],
  [/^mysql$/, mysql],
  [/^mariadb$/, mariadb],
  [/^mongo$/, mongo],
  [/^redis$|valkey/, redis],
  [/^rabbitmq$/, rabbitmq],
];

const usual = { interval: 10, timeout: 5, retries: 5, startPeriod: 30 } as const;

/** The health check of a data store; undefined when its image is not known, or is told to serve in another way. */
export function storeProbe(stack: Stack, service: Service): Probe | undefined {
  const family = service.facts?.family ?? "";
  const own = service.facts && service.facts.kind === service.kind;
  return own ? families.find(([pattern]) => pattern.test(family))?.[1](stack, service) : undefined;
}

const has = (service: Service, tool: string): boolean => toolInContainer(service, tool).has === "yes";

/** The words of what runs, `?` for one that only the host knows; undefined when another entry point decides. */
function wordsOf(service: Service): readonly string[] | undefined {
  if (service.entrypoint || service.model?.entrypoint) return undefined;
  return (service.command ?? service.model?.cmd)?.words.map(word => word.value ?? "?") ?? [];
}

/** The value of an option in either spelling: `--port 6380`, `--port=6380`. */
function option(words: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    if (names.includes(word)) return words[index + 1];
    const name = names.find(each => word.startsWith(`${each}=`));
    if (name) return word.slice(name.length + 1);
  }
  return undefined;
}

/**
 * pg_isready over TCP: while the image initialises an empty volume its server listens on the socket only, and would
 * already count as ready there.
 */
function postgres(_: Stack, service: Service): Probe | undefined {
  const words = wordsOf(service);
  if (!words || !has(service, "pg_isready")) return undefined;
  // A port or an address of its own makes the usual question a wrong one.
  if (words.some(word => /^-p|^(?:-c)?(?:port|listen_addresses|config_file)=/.test(word))) return undefined;
  if (service.environment.some(each => each.name === "PGPORT")) return undefined;
  const user = accountName(service, "POSTGRES_USER");
  const database = accountName(service, "POSTGRES_DB");
  const flags = `${user ? ` -U "${user}"` : " -U postgres"}${database ? ` -d "${database}"` : ""}`;
  return {
    form: "shell",
    words: [`pg_isready -q -h 127.0.0.1${flags}`],
    asks: "pg_isready",
    ...usual,
  };
}

/** A variable as the container's shell fills it in; undefined when it surely has none. */
function accountName(service: Service, name: string): string | undefined {
  if (service.environment.some(each => each.name === `${name}_FILE`)) return `$(cat "$${name}_FILE")`;
  if (service.environment.some(each => each.name === name)) return `$${name}`;
  const otherwise = name === "POSTGRES_USER" ? "postgres" : "$POSTGRES_USER";
  return hasUnseenEnvironment(service) && name === "POSTGRES_USER" ? `\${${name}:-${otherwise}}` : undefined;
}

/** `ping` succeeds as soon as the server answers, also with "access denied": it needs no password. */
function mysql(_: Stack, service: Service): Probe | undefined {
  const words = wordsOf(service);
  if (!words || !has(service, "mysqladmin") || isMoved(words)) return undefined;
  return {
    form: "exec",
    words: ["mysqladmin", "ping", "-h", "127.0.0.1", "--silent"],
    asks: "mysqladmin ping",
    ...usual,
    startPeriod: 60,
  };
}

function isMoved(words: readonly string[]): boolean {
  return option(words, ["--port", "-P", "--bind-address", "--defaults-file"]) !== undefined;
}

function mariadb(_: Stack, service: Service): Probe | undefined {
  const words = wordsOf(service);
  if (!words || !has(service, "healthcheck.sh") || isMoved(words)) return undefined;
  return {
    form: "exec",
    // Further checks of the script log in as a user that volumes of older images do not have.
    words: ["healthcheck.sh", "--connect"],
    asks: "healthcheck.sh --connect",
    ...usual,
    startPeriod: 60,
  };
}

function mongo(_: Stack, service: Service): Probe | undefined {
  const words = wordsOf(service);
  const shell = ["mongosh", "mongo"].find(name => has(service, name));
  if (!words || !shell || option(words, ["--port", "--bind_ip", "--config", "-f", "--tlsMode"]))
    return undefined;
  return {
    form: "exec",
    words: [shell, "--quiet", "--eval", "quit(db.adminCommand({ ping: 1 }).ok ? 0 : 1)"],
    asks: "ping",
    ...usual,
    timeout: 10,
  };
}

/** While it loads its file, or asks for a password, redis-cli prints an error and still ends with 0: the text counts. */
function redis(stack: Stack, service: Service): Probe | undefined {
  const words = wordsOf(service);
  if (!words || !has(service, "redis-cli") || words.some(word => /^--(?:tls|unixsocket|bind)/.test(word)))
    return undefined;
  const config = words.filter(word => word.endsWith(".conf")).map(path => configText(stack, service, path));
  if (config.some(text => text === undefined || /^[ \t]*(?:port|tls-|unixsocket|bind)\b/m.test(text)))
    return undefined;
  const port = option(words, ["--port"]);
  if (port !== undefined && !/^[1-9]\d*$/.test(port)) return undefined;
  const texts = [...words, ...config];
  // A server that asks for a password serves: the check needs none.
  const guarded = texts.some(text => /requirepass|aclfile|^[ \t]*user /m.test(text ?? ""));
  const answer = guarded ? "grep -qE 'PONG|NOAUTH'" : "grep -q PONG";
  return {
    form: "shell",
    words: [`redis-cli${port === undefined ? "" : ` -p ${port}`} ping | ${answer}`],
    asks: "PING",
    ...usual,
    startPeriod: 10,
  };
}

function configText(stack: Stack, service: Service, path: string): string | undefined {
  const { repositoryPath } = containerFile(stack, service, path);
  const read = repositoryPath === undefined ? undefined : stack.files.read(repositoryPath);
  return read && "source" in read ? read.source.text : undefined;
}

/** Asks for the listeners: the node itself is up long before clients can connect. */
function rabbitmq(_: Stack, service: Service): Probe | undefined {
  const words = wordsOf(service);
  if (!words || words.length > 0 || !has(service, "rabbitmq-diagnostics")) return undefined;
  return {
    form: "exec",
    words: ["rabbitmq-diagnostics", "-q", "check_port_connectivity"],
    asks: "rabbitmq-diagnostics check_port_connectivity",
    // Each call starts an Erlang machine of its own.
    interval: 30,
    timeout: 30,
    retries: 3,
    startPeriod: 60,
  };
}
