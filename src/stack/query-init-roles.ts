import { inside, join } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { variable } from "./query.ts";
import { isMentioned, storeUrl } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** Roles that scripts create when a database starts with an empty directory. */

export interface InitRole {
  readonly name: string;
  /** The statement, without what follows its attributes. */
  readonly at: Location;
  /** It may log in, and is no administrator. */
  readonly ordinary: boolean;
  /** It may change rows, or owns what holds them. */
  readonly writes: boolean;
  /** As it stands in the script; undefined where it is put together. */
  readonly password?: string;
}

export interface InitScripts {
  readonly files: readonly string[];
  readonly roles: readonly InitRole[];
  /** All that runs at the first start was read, and tells every role by its name. */
  readonly complete: boolean;
  /** The text of all of them, without comments. */
  readonly text: string;
}

const folder = "/docker-entrypoint-initdb.d";
const known = new WeakMap<Service, InitScripts>();

/** What runs at the first start of a PostgreSQL, MySQL or MariaDB, as far as the repository shows it. */
export function initScripts(stack: Pick<Stack, "files">, store: Service): InitScripts {
  const before = known.get(store);
  if (before) return before;
  const found = read(stack, store);
  known.set(store, found);
  return found;
}

function read(stack: Pick<Stack, "files">, store: Service): InitScripts {
  const { paths, complete: seesAll } = filesAt(stack, store);
  let complete = seesAll;
  const files: string[] = [];
  const roles: InitRole[] = [];
  const texts: string[] = [];
  for (const path of paths) {
    // The images run these endings only.
    if (!/\.(?:sql|sh)(?:\.(?:gz|xz|zst))?$/.test(path)) continue;
    const result = stack.files.has(path) === "file" ? stack.files.read(path) : undefined;
    if (!result || !("source" in result) || !/\.(?:sql|sh)$/.test(path)) {
      complete = false;
      continue;
    }
    files.push(path);
    const text = withoutComments(result.source);
    texts.push(text);
    // It reads or makes statements that are not here.
    if (/^[ \t]*(?:\\i|source\s)|\bpsql\b[^\n]*\s-f\s|\bmysql\b[^\n]*<\s*[^<]|\bcreateuser\b/im.test(text))
      complete = false;
    for (const role of rolesIn(store, result.source, text)) {
      if (role === "unknown") complete = false;
      else roles.push(role);
    }
  }
  return { files, roles, complete, text: texts.join("\n") };
}

function filesAt(stack: Pick<Stack, "files">, store: Service): { paths: string[]; complete: boolean } {
  const paths: string[] = [];
  let complete = true;
  for (const mount of store.mounts) {
    if (inside(folder, mount.target) === undefined) continue;
    const path = mount.type === "bind" ? mount.repositoryPath : undefined;
    if (path === undefined) complete = false;
    else if (stack.files.has(path) === "directory")
      paths.push(...stack.files.list(path).map(name => join(path, name)));
    else paths.push(path);
  }
  for (const path of store.model?.list(folder) ?? []) {
    const { source } = store.model!.file(path);
    if (source === undefined) complete = false;
    else paths.push(source);
  }
  return { paths, complete };
}

/** Comments become blanks, so that places stay. */
function withoutComments({ path, text }: Source): string {
  const blank = (found: string): string => found.replace(/[^\n]/g, " ");
  const plain = text.replace(/\/\*(?!!)[\s\S]*?\*\//g, blank).replace(/--(?=\s)[^\n]*/g, blank);
  return path.endsWith(".sh") ? plain.replace(/^[ \t]*#[^\n]*/gm, blank) : plain;
}

const creation = /\bcreate\s+(role|user)\s+(?:if\s+not\s+exists\s+)?(\S+?)(?=[\s;]|$)([^;]{0,300})/gi;

function* rolesIn(store: Service, source: Source, text: string): Generator<InitRole | "unknown"> {
  for (const match of text.matchAll(creation)) {
    const [, kind, written, attributes] = match;
    const name = nameOf(store, source, written!);
    if (name === undefined) {
      yield "unknown";
      continue;
    }
    const own = attributes! + alterations(text, name);
    const login = kind!.toLowerCase() === "user" ? !/\bnologin\b/i.test(own) : /\blogin\b/i.test(own);
    const administers =
      /\bsuperuser\b/i.test(own) ||
      new RegExp(`\\bgrant\\s+all\\b[^;]*\\son\\s+\\*\\.\\*\\s+to\\s+["'\`]?${name}\\b`, "i").test(text);
    const password = /\b(?:password|identified\s+by)\s+'([^'$:%\\]+)'/i.exec(attributes!)?.[1];
    const start = match.index;
    yield {
      name,
      at: locate(source, start, start + match[0].indexOf(written!) + written!.length),
      ordinary: login && !administers,
      writes: mayWrite(text, written!, name),
      ...(password ? { password } : {}),
    };
  }
}

/** The name as the server gets it: without quotes and host, with the container's own variables filled in. */
function nameOf(store: Service, { path }: Source, written: string): string | undefined {
  const bare = written.split("@")[0]!.replace(/^["'`]+|["'`]+$/g, "");
  const reference = /^\$\{?(\w+)\}?$/.exec(bare)?.[1];
  const name =
    reference !== undefined && path.endsWith(".sh") ? variable(store, reference)?.value?.text : bare;
  return name !== undefined && /^[A-Za-z_][\w-]*$/.test(name) ? name : undefined;
}

function alterations(text: string, name: string): string {
  return [...text.matchAll(new RegExp(`\\balter\\s+(?:role|user)\\s+["'\`]?${name}\\b([^;]*)`, "gi"))]
    .map(match => match[1]!)
    .join(" ");
}

function mayWrite(text: string, written: string, name: string): boolean {
  const names = [written.split("@")[0]!, name].map(each => each.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const role = `["'\`]?(?:${names.join("|")})(?![\\w-])`;
  return (
    new RegExp(`\\bgrant\\s[^;]*\\b(?:all|insert|update)\\b[^;]*\\bto\\s+${role}`, "i").test(text) ||
    new RegExp(`\\bowner\\s+(?:to\\s+|=\\s*)?${role}`, "i").test(text)
  );
}

/** Roles for people, copies and tools: no program of the stack has to use them. */
const beside =
  /read|_ro$|^ro_|repl|backup|export|monitor|grafana|metabase|superset|analy|report|audit|test|debezium|zabbix|datadog/i;

/** Roles made for a program that nothing in the repository logs in with. */
export function idleRoles(stack: Stack, store: Service): InitRole[] {
  const scripts = initScripts(stack, store);
  return scripts.roles.filter(
    ({ name, ordinary, writes }) =>
      ordinary && writes && !beside.test(name) && !isUsed(stack, store, scripts, name),
  );
}

function isUsed(stack: Stack, store: Service, { files }: InitScripts, name: string): boolean {
  const logsIn = ({ value, raw }: { value?: string | undefined; raw?: string | undefined }): boolean =>
    value === name || storeUrl(value ?? raw ?? "")?.user === name;
  if (
    stack.services.some(service =>
      service.environment.some(
        ({ value }) => service !== store && logsIn({ value: value?.text, raw: value?.raw }),
      ),
    ) ||
    stack.envFiles.some(file => file.entries.some(({ value }) => logsIn({ value: value.value })))
  )
    return true;
  const word = new RegExp(`(?<![\\w-])${name}(?![\\w-])`);
  const composeFiles = new Set(stack.projects.flatMap(project => project.files));
  for (const [path, source] of stack.sources)
    if (
      stack.kinds.get(path) !== "runbook" &&
      !files.includes(path) &&
      !composeFiles.has(path) &&
      word.test(source.text)
    )
      return true;
  return stack.components.some(component => isMentioned(stack, component, name));
}
