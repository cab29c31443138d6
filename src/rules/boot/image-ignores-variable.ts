import { inside } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { evidence, isStore, listNames, publicPorts, serverServices, weigh } from "../../stack/query.ts";
import { givenVariables } from "../../stack/query-environment.ts";
import type { Mount, Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const postgres =
  /^POSTGRES_(?:MAX_CONNECTIONS|SHARED_BUFFERS|EFFECTIVE_CACHE_SIZE|(?:MAINTENANCE_)?WORK_MEM|CHECKPOINT_\w+|(?:MAX|MIN)_WAL_SIZE|WAL_\w+|MAX_WORKER_PROCESSES|MAX_PARALLEL_WORKERS\w*|RANDOM_PAGE_COST|EFFECTIVE_IO_CONCURRENCY|DEFAULT_STATISTICS_TARGET|LOG_\w+|STATEMENT_TIMEOUT|SHARED_PRELOAD_LIBRARIES)$/;
const mysql =
  /^(?:MYSQL|MARIADB)_(?:MAX_CONNECTIONS|INNODB_\w+|CHARACTER_SET(?:_SERVER)?|CHARSET|COLLATION(?:_SERVER)?|SQL_MODE|MAX_ALLOWED_PACKET|KEY_BUFFER_SIZE|AUTHENTICATION_PLUGIN|DEFAULT_AUTHENTICATION_PLUGIN)$/;
const redis =
  /^REDIS_(?:PASSWORD|REQUIREPASS|PASS|MAX_?MEMORY|MAX_?MEMORY_POLICY|APPENDONLY|AOF_ENABLED|SAVE|DATABASES|ARGS)$/;

/** Names of the official images; those of other makers have entry points of their own. */
const settings: Readonly<Record<string, RegExp>> = { postgres, mysql, mariadb: mysql, redis };

export default defineRule({
  id: "boot/image-ignores-variable",
  title: "The image of a store reads the variables that are meant to set it up",
  claim: "configured-completely",
  severity: "low",
  why: "The official images read a handful of variables and pass no others on: the store runs with its defaults, and nobody is told.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const ignored = ignoredBy(stack, service);
      if (ignored.length === 0) continue;
      const open = ignored.some(each => /PASS/.test(each.name));
      const places = ignored.map(each => evidence(each.at, "the image does not read it"));
      yield {
        subject: service.name,
        message: `The image of "${service.name}" (${service.imageRef!.name}) does not read ${listNames(ignored.map(each => each.name))}: ${open ? "it asks for no password" : "its defaults hold"}.`,
        evidence: places,
        severity: weigh(service, open ? "medium" : "low"),
      };
    }
  },
});

function ignoredBy(stack: Stack, service: Service): Variable[] {
  const pattern = settings[service.imageRef?.name ?? ""];
  if (!pattern || !isStore(service) || (service.build ?? service.made) || service.entrypoint) return [];
  // A published store without a password is access/published-store's.
  const published = publicPorts(service).length > 0;
  return givenVariables(service).filter(
    ({ name, from }) =>
      from === "environment" &&
      pattern.test(name) &&
      !(published && /PASS/.test(name)) &&
      !isUsed(stack, service, name),
  );
}

/** The command names it or the option that it stands for, or the project's own files are given to the container. */
function isUsed(stack: Stack, service: Service, name: string): boolean {
  const { command, healthcheck, mounts } = service;
  if (healthcheck?.command?.text.includes(name)) return true;
  if (command && (command.text.includes(name) || command.text.includes(optionOf(name)))) return true;
  const text = service.get("command");
  if (text && sourceOf(stack, text.at.file)?.text.slice(text.at.span.start, text.at.span.end).includes(name))
    return true;
  return mounts.some(mount => mount.type === "bind" && mayUse(stack, mount, name));
}

/** A configuration or a first script that does what the variable says, or that cannot be read here. */
function mayUse(stack: Stack, { repositoryPath, target }: Mount, name: string): boolean {
  if (/^\/etc\/(?:localtime|timezone)$/.test(target)) return false;
  if (repositoryPath === undefined) return true;
  const paths = stack.files.paths.filter(path => inside(repositoryPath, path) !== undefined);
  return (
    paths.length === 0 ||
    paths.some(path => {
      const read = stack.files.read(path);
      return (
        !("source" in read) || read.source.text.includes(name) || read.source.text.includes(optionOf(name))
      );
    })
  );
}

/** `REDIS_PASSWORD` is `--requirepass`, `POSTGRES_MAX_CONNECTIONS` is `max_connections`. */
function optionOf(name: string): string {
  const setting = name.replace(/^[A-Z]+_/, "").toLowerCase();
  return /^(?:pass|password|requirepass)$/.test(setting) ? "requirepass" : setting;
}
