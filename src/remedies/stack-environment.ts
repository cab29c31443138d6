import type { EnvRead } from "../artifacts/env-reads.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { componentReads } from "../stack/query-environment.ts";
import { isSigningName } from "../stack/query-secrets.ts";
import type { Stack } from "../stack/stack.ts";
import { documentedVariables } from "./documented-variables.ts";
import { mergedDatabases, mergedDatabaseValue } from "./merged-settings.ts";
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
  /** Addresses that the browser's code needs, of which nothing here says what they are. */
  readonly unbuilt: readonly string[];
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

/**
 * Django's own name of the database's kind, where the code takes it from the environment and has none, or that of a
 * file on the workstation.
 */
function engineFor(
  stack: Pick<Stack, "files">,
  reads: readonly EnvRead[],
  name: string,
  kind: DatabaseKind,
): string | undefined {
  if (!/^(?:\w+_)?(?:SQL|DB|DATABASE|POSTGRES)_ENGINE$/.test(name)) return undefined;
  if (reads.some(read => read.default !== undefined && !/sqlite/.test(read.default.value))) return undefined;
  const short = kind === "mysql" ? "mysql" : "postgresql";
  const lines = reads.map(({ at }) => {
    const read = stack.files.read(at.file);
    const text = "source" in read ? read.source.text : "";
    return text.slice(text.lastIndexOf("\n", at.span.start) + 1, at.span.end);
  });
  if (!lines.some(line => /["']ENGINE["']/.test(line))) return undefined;
  return lines.some(line => /django\.db\.backends\./.test(line)) ? short : `django.db.backends.${short}`;
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
  const merged = targets.database && components.flatMap(each => mergedDatabases(stack, each) ?? [])[0];
  for (const name of [...listed.keys(), ...(merged === undefined ? [] : [merged])])
    if (!names.includes(name)) names.push(name);
  for (const name of names) {
    const here = reads.filter(read => read.name === name);
    if (ambient.test(name) || here.some(read => read.buildTime)) continue;
    if (name === merged) {
      variables.push({ name, value: mergedDatabaseValue(targets.database === "mysql" ? 3306 : 5432) });
      continue;
    }
    const value = valueFor(
      name,
      targets,
      separatorOf(
        stack,
        here.map(read => read.at.file),
        name,
      ),
    );
    const engine = targets.database && engineFor(stack, here, name, targets.database);
    if (engine !== undefined) {
      variables.push({ name, value: engine });
      continue;
    }
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
  return { variables, needed: [...needed.values()], ...builtValues(stack, reads, listed) };
}

/** `http://localhost:8000/api` of a workstation is `https://www.example.org/api` behind the front door. */
function builtValues(
  stack: Pick<Stack, "files">,
  reads: readonly EnvRead[],
  listed: ReadonlyMap<string, string | undefined>,
): Pick<Wiring, "built" | "unbuilt"> {
  const built = new Map<string, string>();
  const unbuilt = new Set<string>();
  for (const { name, buildTime, default: fallback, at } of reads) {
    if (!buildTime || built.has(name)) continue;
    const local = /^(http|ws)s?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?(\/[\w./-]*)?$/.exec(
      fallback?.value ?? listed.get(name) ?? "",
    );
    const begins = fallback === undefined ? beforePath(stack, at) : undefined;
    if (local) built.set(name, `\${${name}:-${local[1]}s://\${SITE_DOMAIN:?}${local[2] ?? ""}}`);
    else if (begins !== undefined) built.set(name, `\${${name}:-${begins}://\${SITE_DOMAIN:?}}`);
    else if (fallback === undefined && /(?:URL|URI|HOST|ENDPOINT|ORIGIN|SERVER|API)$/.test(name))
      unbuilt.add(name);
  }
  return { built, unbuilt: [...unbuilt].filter(name => !built.has(name)) };
}

/** `${process.env.X}/api/...`: what stands before a path of the backend is the address of the site. */
function beforePath(
  { files }: Pick<Stack, "files">,
  { file, span }: EnvRead["at"],
): "https" | "wss" | undefined {
  const read = files.read(file);
  const after = "source" in read ? read.source.text.slice(span.start, span.end + 40) : "";
  const path = /^(?:(?:process\.env|import\.meta\.env)\.)?\w+\}\/(ws|api|graphql|auth|v\d)\b/.exec(
    after,
  )?.[1];
  return path === undefined ? undefined : path === "ws" ? "wss" : "https";
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
