import type { EnvRead } from "../artifacts/env-reads.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { componentReads } from "../stack/query-environment.ts";
import { isSigningName } from "../stack/query-secrets.ts";
import type { Stack } from "../stack/stack.ts";
import { documentedVariables } from "./documented-variables.ts";
import type { DatabaseKind } from "./stack-database.ts";

/** One variable of a service, as the Compose file writes its value; `undefined` passes the server's own on, if it has one. */
export interface WiredVariable {
  readonly name: string;
  readonly value: string | undefined;
}

/** A variable that has to be set on the server before anything starts. */
export interface ServerVariable {
  readonly name: string;
  readonly says: string;
  /** A value nobody has to remember: made at random. */
  readonly random: boolean;
  /** What it may be, where a person chooses. */
  readonly example?: string;
}

export interface Wiring {
  readonly variables: readonly WiredVariable[];
  readonly needed: readonly ServerVariable[];
  /** Values for the browser's code, by the names of build arguments, where the code's own default names a workstation. */
  readonly built: ReadonlyMap<string, string>;
}

export interface WiringTargets {
  readonly database: DatabaseKind | undefined;
  readonly redis: boolean;
  readonly port: number;
  /** `postgresql+asyncpg` and the like, where the driver wants one. */
  readonly scheme: string;
  /** Variables that hold the database's address, whatever their names are. */
  readonly addresses?: readonly string[];
  readonly settingsModule?: string;
}

const database = /(^|_)(DB|DATABASE|POSTGRES|POSTGRESQL|PG|SQL|MYSQL|MARIADB)_?/;

/** What is known of a variable from its name alone. */
function valueFor(name: string, targets: WiringTargets, separator: string): string | undefined {
  if (targets.database) {
    const port = targets.database === "mysql" ? 3306 : 5432;
    if (
      targets.addresses?.includes(name) ||
      /^(\w+_)?(DATABASE|POSTGRES|POSTGRESQL|MYSQL|DB)_(URL|URI)$|^SQLALCHEMY_DATABASE_UR[IL]$/.test(name)
    )
      return `${targets.scheme}://app:\${DB_PASSWORD:?}@db:${port}/app`;
    if (database.test(name)) {
      if (/(HOST|HOSTNAME|SERVER)$/.test(name)) return "db";
      if (/PORT$/.test(name)) return `"${port}"`;
      if (/(USER|USERNAME)$/.test(name)) return "app";
      if (/(PASSWORD|PASS)$/.test(name)) return "${DB_PASSWORD:?}";
      if (
        /^(\w+_)?(DB|DATABASE)_NAME$|^(POSTGRES(QL)?|MYSQL|MARIADB)_(DB|NAME|DATABASE)$|^PGDATABASE$|^SQL_DATABASE$/.test(
          name,
        )
      )
        return "app";
    }
  }
  if (targets.redis) {
    const address = (number: number) => `redis://:\${REDIS_PASSWORD:?}@redis:6379/${number}`;
    if (/RESULT_BACKEND/.test(name)) return address(1);
    if (/CACHE_UR[IL]$/.test(name)) return address(2);
    if (/^(\w+_)?(REDIS|BROKER|CELERY_BROKER|QUEUE)_UR[IL]$|^CELERY_BROKER$/.test(name)) return address(0);
    if (/^(\w+_)?REDIS_HOST(NAME)?$/.test(name)) return "redis";
    if (/^(\w+_)?REDIS_PORT$/.test(name)) return '"6379"';
    if (/^(\w+_)?REDIS_PASSWORD$/.test(name)) return "${REDIS_PASSWORD:?}";
  }
  // The probe asks from within the container.
  if (/ALLOWED_HOSTS$/.test(name)) return ["${SITE_DOMAIN:?}", "localhost", "127.0.0.1"].join(separator);
  if (/(TRUSTED_ORIGINS|ALLOWED_ORIGINS|CORS_ORIGINS?|CORS_ALLOW_ORIGINS?)$/.test(name))
    return "https://${SITE_DOMAIN:?}";
  if (/^(\w+_)?(FRONTEND|SITE|BASE|APP|PUBLIC|CLIENT|BACKEND|WEBSITE)_URL$/.test(name))
    return "https://${SITE_DOMAIN:?}";
  if (/^(DJANGO_|FLASK_|APP_)?DEBUG$/.test(name)) return '"False"';
  if (name === "NODE_ENV") return "production";
  if (/^(APP_|DJANGO_)?(ENV|ENVIRONMENT)$/.test(name)) return "production";
  if (name === "PORT") return `"${targets.port}"`;
  if (name === "DJANGO_SETTINGS_MODULE") return targets.settingsModule;
  return undefined;
}

/** Set by the system, the platform or the runtime, and by nobody's .env. */
const ambient =
  /^(PATH|HOME|USER|HOSTNAME|PWD|LANG|TZ|TERM|SHELL|CI|GITHUB_\w+|npm_\w+|VERCEL\w*|NETLIFY\w*|RAILWAY_\w+|RENDER_\w+|FLY_\w+|HEROKU_\w+|DYNO|NEXT_RUNTIME|NEXT_PHASE|PYTHON\w*|VIRTUAL_ENV|REPL_ID|JEST_\w+|VITEST\w*|PYTEST\w*)$/;
/** Keys that the program makes up itself with: any long random text will do. */
function isOwnKey(name: string): boolean {
  // A key for encryption has a length of its own, which only its program knows.
  return /^(APP_SECRET|JWT_KEY|SALT)$/.test(name) || (isSigningName(name) && !/ENCRYPTION/.test(name));
}

/**
 * The environment of a service: every variable that its code reads, and the code of the packages that it is made of. What the stack knows is filled in; what the program
 * cannot start without, and every key that must be secret, has to be set on the server; the rest may be.
 */
export function wireEnvironment(
  stack: Pick<Stack, "files" | "envFiles">,
  components: readonly AppComponent[],
  targets: WiringTargets,
): Wiring {
  const reads = components.flatMap(component => componentReads(stack, component).reads);
  const variables: WiredVariable[] = [];
  const needed = new Map<string, ServerVariable>();
  const names = [...new Set([...reads.map(read => read.name), ...(targets.addresses ?? [])])].sort();
  if (targets.settingsModule !== undefined && !names.includes("DJANGO_SETTINGS_MODULE"))
    names.push("DJANGO_SETTINGS_MODULE");
  const listed = documentedVariables(stack, components);
  for (const name of listed.keys()) if (!names.includes(name)) names.push(name);
  for (const name of names) {
    const here = reads.filter(read => read.name === name);
    if (ambient.test(name) || here.some(read => read.buildTime)) continue;
    const value = valueFor(
      name,
      targets,
      separatorOf(
        stack,
        here.map(read => read.at.file),
        name,
      ),
    );
    if (value !== undefined) {
      // `NAME=[a, b]`: the program reads YAML or JSON.
      const isList = /^\[.*\]$/.test(listed.get(name) ?? "") && /ALLOWED_HOSTS$|ORIGINS?$/.test(name);
      variables.push({ name, value: isList ? `"[${value}]"` : value });
      continue;
    }
    const required = here.some(read => read.required);
    if (required || isOwnKey(name)) {
      variables.push({ name, value: `\${${name}:?}` });
      needed.set(name, {
        name,
        random: isOwnKey(name),
        says: isOwnKey(name)
          ? "A key of the application's own, any long random text"
          : `Read by ${here[0]?.at.file}, which does not start without it`,
      });
    } else variables.push({ name, value: undefined });
  }
  return { variables, needed: [...needed.values()], built: builtValues(reads) };
}

/** `http://localhost:8000/api` of a workstation is `https://www.example.org/api` behind the front door. */
function builtValues(reads: readonly EnvRead[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const { name, buildTime, default: fallback } of reads) {
    const local = /^(http|ws)s?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?(\/[\w./-]*)?$/.exec(
      fallback?.value ?? "",
    );
    if (buildTime && local)
      values.set(name, `\${${name}:-${local[1]}s://\${SITE_DOMAIN:?}${local[2] ?? ""}}`);
  }
  return values;
}

/** How the code takes a list apart: commas unless it is split at blanks. */
function separatorOf(stack: Pick<Stack, "files">, files: readonly string[], name: string): string {
  for (const file of files) {
    const read = stack.files.read(file);
    if (!("source" in read)) continue;
    const line = read.source.text.split("\n").find(each => each.includes(name)) ?? "";
    if (/\.split\(\s*(["'] ["'])?\s*\)/.test(line)) return " ";
    if (/\.split\(\s*["'];["']/.test(line)) return ";";
  }
  return ",";
}
