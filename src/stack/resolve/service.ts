import type { EnvFile } from "../../artifacts/env-file.ts";
import { plainFragment } from "../../core/fragment.ts";
import { basename, isOutside, join } from "../../core/path.ts";
import type { Located } from "../../core/source.ts";
import { evaluateEnv } from "../../formats/dotenv.ts";
import type { ShellScript } from "../../formats/shell.ts";
import { child, itemsOf, type YamlNode } from "../../formats/yaml.ts";
import { surelyGiven } from "../branches.ts";
import { factsFor, type ImageRef, parseImageRef } from "../image/facts.ts";
import { processOf } from "../process.ts";
import type {
  Build,
  ComposeProject,
  EnvFileUse,
  Healthcheck,
  Service,
  ServiceKind,
  Variable,
} from "../stack.ts";
import { readsSettings, reassignedIn, scriptedValues } from "../start-scripts.ts";
import { configMounts, dependenciesOf, type MountContext, mountsOf, portsOf } from "./endpoints.ts";
import { type Interpolated, interpolate } from "./interpolate.ts";
import type { MergedService } from "./project.ts";
import { commandOf, durationMs, healthCommand, scalarValue, textList, variables } from "./values.ts";

/** What a service view needs from the linker. */
export interface ServiceContext extends MountContext {
  readonly project: ComposeProject;
  buildOf(service: MergedService, node: YamlNode): Build | undefined;
  /** What the example of the project's env file gives a variable that nothing sets. */
  shown(name: string): string | undefined;
  /** What builds an image that is pulled by this name. */
  madeBy(image: string): Build | undefined;
  envFile(path: string): EnvFile | undefined;
  scriptIn(service: Service, containerPath: string): ShellScript | undefined;
  /** Names of services that others wait for with `service_completed_successfully`. */
  readonly awaited: ReadonlySet<string>;
  /** Profiles that are started. */
  readonly active: ReadonlySet<string>;
}

/** One that is started is enough: the service then starts with the rest. */
function idleProfiles(
  profiles: readonly Located<string>[],
  active: ReadonlySet<string>,
): readonly Located<string>[] {
  return active.has("*") || profiles.some(({ value }) => active.has(value.trim())) ? [] : profiles;
}

/** The typed view of one merged service, with its variables filled in. */
export function serviceOf(merged: MergedService, context: ServiceContext): Service {
  const { node } = merged;
  const { lookup } = context;
  const get = (...path: string[]): YamlNode | undefined => child(node, ...path);
  const text = (...path: string[]): Interpolated | undefined => scalarValue(get(...path), lookup);
  const image = text("image");
  const buildNode = get("build");
  const build = buildNode ? context.buildOf(merged, buildNode) : undefined;
  const imageRef = build || !image ? undefined : refOf(image, context);
  const known = build ? undefined : imageRef && factsFor(imageRef);
  const made = !build && !known && image ? context.madeBy(image.raw) : undefined;
  const runs = build ?? made;
  const facts = known ?? runs?.model?.facts;
  const envFiles = envFilesOf(get("env_file"), context);
  const replicas = Number(text("deploy", "replicas")?.text ?? text("scale")?.text);
  const base: Service = {
    name: merged.name,
    at: merged.at,
    project: context.project,
    node,
    kind: kindOf(runs, facts?.kind),
    environment: environmentOf(get("environment"), envFiles, runs, context),
    envFiles,
    ports: portsOf(get("ports"), lookup),
    mounts: [
      ...mountsOf(get("volumes"), get("tmpfs"), context),
      ...configMounts(get("configs"), context.project, context),
    ],
    dependsOn: dependenciesOf(get("depends_on"), lookup),
    networks: networksOf(get("networks")),
    profiles: idleProfiles(textList(get("profiles"), lookup), context.active),
    secrets: namesOf(get("secrets")),
    labels: variables(get("labels"), "label", lookup),
    oneShot: false,
    get,
    text,
    ...definedOnly({
      image,
      imageRef,
      build,
      made,
      model: runs?.model,
      facts,
      command: commandOf(get("command"), lookup),
      entrypoint: commandOf(get("entrypoint"), lookup),
      healthcheck: healthcheckOf(get("healthcheck"), runs, lookup),
      restart: text("restart"),
      restartPolicy: located(text("deploy", "restart_policy", "condition")),
      networkMode: located(text("network_mode")),
      containerName: text("container_name"),
      replicas: Number.isFinite(replicas)
        ? { value: replicas, at: (text("deploy", "replicas") ?? text("scale"))!.at }
        : undefined,
      user: text("user"),
    }),
  };
  const starting: ShellScript[] = [];
  const lines: ShellScript[] = [];
  const process = processOf({
    entrypoint: base.entrypoint,
    command: base.command,
    imageEntrypoint: runs?.model?.entrypoint,
    imageCommand: runs?.model?.cmd,
    scriptAt: path => {
      const script = context.scriptIn(base, path);
      if (script) starting.push(script);
      return script;
    },
    heard: line => lines.push(line),
    env: name => surelyGiven(base, name),
  });
  const reassigned = reassignedIn([...starting, ...lines]);
  const scripted = scriptedValues([...starting, ...lines], process?.program?.value);
  const kind = runsNoServer(base, process, starting) ? "other" : base.kind;
  return {
    ...base,
    kind,
    ...(process ? { process } : {}),
    ...(reassigned.size > 0 ? { reassigned } : {}),
    ...(scripted.size > 0 ? { scripted } : {}),
    ...(readsSettings([...starting, ...lines]) ? { settingsSourced: true as const } : {}),
    oneShot: isOneShot(base, process, context.awaited),
  };
}

const imageName = /^[a-z0-9][\w./-]*(:[0-9]+\/[\w./-]+)?(?::[\w.-]+)?$/;

/**
 * The image that is pulled. Where nothing sets its tag, the name is known all the same and the tag stays as it is
 * written. A name that is a variable is the one of the example file: people change versions there, and no names.
 */
function refOf(image: Interpolated, { lookup, shown }: ServiceContext): ImageRef | undefined {
  if (image.text !== undefined) return image.text === "" ? undefined : parseImageRef(image.text);
  const [, name = "", tag = ""] = /^((?:\$\{[^}]*\}|[^:$])+)(:.*)?$/.exec(image.raw) ?? [];
  const known = (each: string): string | undefined => lookup(each) ?? shown(each);
  const { text } = interpolate(plainFragment(image.at.file, name), image.at, known);
  return text && imageName.test(text) ? parseImageRef(`${text}${tag}`) : undefined;
}

function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function located(value: Interpolated | undefined): { value: string; at: Interpolated["at"] } | undefined {
  return value?.text === undefined ? undefined : { value: value.text, at: value.at };
}

const shells = /^(sh|bash|ash)$/;
const clients =
  /\.(sh|py|js)$|^(sh|bash|ash|crond?|supercronic|go-cron|sleep|tail|restic|borg|rclone|pg_dump|pg_dumpall|pg_basebackup|pg_receivewal|psql|mysql|mysqldump|mongodump|mongosh|redis-cli|python3?|node|certbot)$/;

/** What serves. "postgres" is a user, too: as a program it begins a command, or follows who runs it. */
const servers =
  /\b(?:[\w-]*entrypoint[\w.-]*|mysqld(?:_safe)?|mariadbd|mongo[ds]|(?:redis|valkey|keydb|clickhouse|rabbitmq|nats|cockroach)-server|sqlservr|memcached|dragonfly|cassandra|cockroach|influxd|neo4j|arangod|couchdb|surreal|mosquitto|emqx|kafka|beanstalkd)\b|(?:^|[\n;&|(]\s*|\bexec\s+|\/|\b(?:gosu|su-exec|runuser -u|setpriv)\s+\S+\s+)(?:postgres|mariadb|"?\$@"?)(?=[\s"';&|]|$)/;

/** The image of a data store whose tools are used for something else: a backup, a migration, a scheduler. */
function runsNoServer(
  { kind, entrypoint }: Pick<Service, "kind" | "entrypoint">,
  process: Service["process"],
  scripts: readonly ShellScript[],
): boolean {
  if (kind !== "database" && kind !== "cache" && kind !== "queue") return false;
  const shell = entrypoint?.words.at(-1);
  // `entrypoint: /bin/sh` hands the shell what stands in `command`: `-c "..."`.
  const words =
    process && shells.test(basename(shell?.value ?? "")) && process.words[0]?.value?.startsWith("-")
      ? [shell!, ...process.words]
      : (process?.words ?? []);
  const first = words[0]?.value;
  if (!process || first === undefined || first.startsWith("-")) return false;
  // What is named first may be a script of the project, of which `program` is the last command, or a whole line.
  const named = first.replace(/^.*\//, "");
  const isLine = /\s/.test(first.trim());
  if (!isLine && named === "docker-entrypoint.sh") return false;
  // A script of the project that goes by another name is read as well.
  if (!isLine && !shells.test(named))
    return (
      clients.test(named) ||
      (scripts.length > 0 && scripts.every(each => !servers.test(`${named}\n${each.fragment.text}`)))
    );
  const program = process.program?.value;
  const isShell = shells.test(program ?? "");
  if (program !== undefined && !isShell && clients.test(program)) return true;
  // `-c` alone, after other options, or as the last letter of some: `-ec`.
  const flag = words.findIndex(word => /^-[a-z]*c$/.test(word.value ?? ""));
  const inline = isLine ? first : flag > 0 ? (words[flag + 1]?.value ?? process.text) : "";
  const texts = [inline.replace(/^["'\s]+/, ""), ...scripts.map(each => each.fragment.text)].filter(Boolean);
  // What a shell runs is read where it is written; one that waits for somebody serves nothing.
  return texts.length > 0 ? texts.every(text => !servers.test(text)) : isShell;
}

function kindOf(build: Build | undefined, factKind: string | undefined): ServiceKind {
  if (build) {
    // A final stage on top of nginx or a database is still that server; on a language runtime it is the application.
    const base = build.model?.facts?.kind;
    return base && base !== "runtime" && base !== "base" && base !== "other" ? (base as ServiceKind) : "app";
  }
  if (factKind === undefined) return "unknown";
  return factKind === "runtime" || factKind === "base" ? "app" : (factKind as ServiceKind);
}

/** env_file entries in order, then `environment`, which wins. The image's own ENV stays with the image. */
function environmentOf(
  node: YamlNode | undefined,
  files: readonly EnvFileUse[],
  build: Build | undefined,
  context: ServiceContext,
): Variable[] {
  const byName = new Map<string, Variable>();
  for (const use of files) {
    const values = evaluateEnv(use.file?.entries ?? [], context.lookup);
    for (const entry of use.file?.entries ?? []) {
      const { name, at, template: raw, references } = entry;
      const value: Interpolated = {
        raw,
        text: values.get(name.value),
        byDefault: false,
        references,
        at: entry.value.at,
      };
      byName.set(name.value, { name: name.value, nameAt: name.at, value, at, from: "env_file" });
    }
  }
  for (const variable of variables(node, "environment", context.lookup)) byName.set(variable.name, variable);
  for (const [name, value] of build?.model?.env ?? []) {
    if (byName.has(name)) continue;
    const text: Interpolated = {
      raw: value.value,
      text: value.value,
      byDefault: false,
      references: [],
      at: value.at,
    };
    byName.set(name, { name, nameAt: value.at, value: text, at: value.at, from: "image" });
  }
  return [...byName.values()];
}

function envFilesOf(node: YamlNode | undefined, context: ServiceContext): EnvFileUse[] {
  const items = node?.kind === "seq" ? node.items : node ? [node] : [];
  return items.flatMap(item => {
    const value = scalarValue(item.kind === "map" ? child(item, "path") : item, context.lookup);
    if (!value) return [];
    const required = scalarValue(child(item, "required"), context.lookup)?.text !== "false";
    const path = { value: value.text ?? value.raw, at: value.at };
    if (value.text === undefined) return [{ path, required }];
    const resolved = join(context.baseOf(value.at.file), value.text);
    if (isOutside(resolved)) return [{ path, required }];
    const file = context.envFile(resolved);
    return [{ path, required, resolved, ...(file ? { file } : {}) }];
  });
}

function healthcheckOf(
  node: YamlNode | undefined,
  build: Build | undefined,
  lookup: MountContext["lookup"],
): Healthcheck | undefined {
  const inherited = build?.model?.healthcheck;
  const fallback: Healthcheck | undefined = inherited && {
    disabled: inherited.disabled,
    at: inherited.at,
    from: "dockerfile",
    ...(inherited.command ? { command: inherited.command } : {}),
    ...definedOnly({
      intervalMs: inherited.intervalMs,
      timeoutMs: inherited.timeoutMs,
      startPeriodMs: inherited.startPeriodMs,
      retries: inherited.retries,
    }),
  };
  if (node?.kind !== "map") return fallback;
  const disabled = scalarValue(child(node, "disable"), lookup)?.text === "true";
  const command = healthCommand(child(node, "test"), lookup);
  const times = timing(name => scalarValue(child(node, name), lookup)?.text);
  if (disabled || command === "none") return { disabled: true, at: node.at, from: "compose" };
  if (!command) return fallback ? { ...fallback, ...times } : undefined;
  return { disabled: false, command, at: node.at, from: "compose", ...times };
}

function timing(field: (name: string) => string | undefined): Partial<Healthcheck> {
  const retries = Number(field("retries"));
  return definedOnly({
    intervalMs: durationMs(field("interval")),
    timeoutMs: durationMs(field("timeout")),
    startPeriodMs: durationMs(field("start_period")),
    retries: Number.isInteger(retries) ? retries : undefined,
  });
}

function networksOf(node: YamlNode | undefined): Service["networks"] {
  if (node?.kind === "seq") return namesOf(node);
  return node?.kind === "map" ? node.entries.map(entry => entry.key) : [];
}

/** Names of a list whose items are strings or maps with a `source`. */
function namesOf(node: YamlNode | undefined): { value: string; at: Service["at"] }[] {
  return itemsOf(node).flatMap(item => {
    const name = item.kind === "map" ? child(item, "source") : item;
    return name?.kind === "scalar" && name.value !== null ? [{ value: String(name.value), at: item.at }] : [];
  });
}

const jobName =
  /(^|[-_])(migrat\w*|init|initial\w*|setup|seed\w*|bootstrap|createbuckets?|create-buckets?|collectstatic|provision\w*|job|once|certs?-?gen\w*|configure)([-_]|$)/i;

const fleeting = /^(?:\/(?:usr\/)?bin\/)?(echo|true|false|exit|:|chown|chmod|mkdir|cp|mv|ln|touch|rm)( |$)/;

/** Every command ends at once: `echo disabled`, `sh -c "chown ... /data"`. */
function endsAtOnce(process: Service["process"]): boolean {
  const first = process?.commands.map(argv => argv[0]?.value) ?? [];
  return first.length > 0 && first.every(name => name !== undefined && fleeting.test(name));
}

/** `CMD ["--help"]`: the image is a tool, and says how to use it when nobody asks it for something. */
function onlySpeaks(process: Service["process"]): boolean {
  return /^(?:-h|--help|help|-V|--version)$/.test(process?.words.at(-1)?.value ?? "");
}

/** Tasks, where somebody has also written that they are not restarted. */
const taskName = /(^|[-_])(upgrade|update|backup|restore|import|export|cleanup|task|test)([-_]|$)/i;

/** A script that makes something and ends, by its name: `generate-secrets.sh`, but not `migrate-and-start.sh`. */
const taskScript =
  /(?:^|\/)(?![\w-]*(?:start|run|serve|launch))(?:generate|create|upgrade|seed|provision|import|export|migrate)(?:[-_][\w-]+)?\.(?:sh|py|[cm]?js)$/i;

/** Ends by design, so that it needs neither a restart policy nor a health check. */
const bundlers = /^(?:parcel|vite|ng|react-scripts|vue-cli-service|next|nuxt|astro|gatsby)$/;

const packageManagers = /^(?:npm|pnpm|yarn|bun)$/;
/** What they do with `deploy` is done when they end. */
const handsIn =
  /(?:^|[;&("'\s])(?:firebase|serverless|sls|netlify|vercel|wrangler|cdk|cdktf|sam) deploy\b[^;&|]*$/;

/** It makes the pages for another service, and ends. */
function onlyBuilds([program = "", ...rest]: readonly string[]): boolean {
  if (rest.some(word => /^(?:-w|--watch)$/.test(word))) return false;
  if (packageManagers.test(program)) return rest.filter(word => word !== "run").join(" ") === "build";
  return bundlers.test(basename(program)) && rest[0] === "build";
}

function isOneShot(service: Service, process: Service["process"], awaited: ReadonlySet<string>): boolean {
  if (awaited.has(service.name)) return true;
  if (service.restart?.text === "no" && (jobName.test(service.name) || taskName.test(service.name)))
    return true;
  if (endsAtOnce(process) || onlySpeaks(process)) return true;
  if (
    service.restart?.text !== undefined &&
    service.restart.text !== "no" &&
    !service.restart.text.startsWith("on-failure")
  )
    return false;
  const words = process?.argv.map(word => word.value ?? "") ?? [];
  // The last thing that its script does is to hand something in.
  if (onlyBuilds(words) || (words[0] === "curl" && service.ports.length === 0)) return true;
  if (handsIn.test(service.command?.text ?? "")) return true;
  // Where the script can be read, `argv` is its last command.
  const asked = process?.words.slice(0, 2).map(word => word.value ?? "") ?? [];
  if ([...asked, ...words.slice(0, 2)].some(word => taskScript.test(word))) return true;
  if (
    words.some(word =>
      /^(migrate|collectstatic|makemigrations|db:migrate|upgrade|createsuperuser|loaddata|deploy)$/.test(
        word,
      ),
    ) &&
    process?.commands.length === 1
  )
    return true;
  // What takes connections from outside the project waits for them: `job-manager`.
  return jobName.test(service.name) && service.ports.length === 0;
}
