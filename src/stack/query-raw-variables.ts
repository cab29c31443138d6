import { basename, join } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { serverServices } from "./query.ts";
import { isSaidInScripts, startText } from "./query-certificates.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** Mounted files that name variables, for programs that take them as they are. */

export interface RawVariable {
  readonly service: Service;
  readonly mount: Mount;
  /** The program, to begin a sentence with. */
  readonly program: string;
  /** A part of a sentence about what it does then. */
  readonly consequence: string;
  readonly severity: "high" | "medium";
  readonly names: readonly string[];
  readonly at: readonly [Location, ...Location[]];
}

interface Reader extends Pick<RawVariable, "program" | "consequence" | "severity"> {
  readonly image: RegExp;
  /** In the container. */
  readonly file: RegExp;
  readonly comment: RegExp;
  /** A flag that makes it fill variables in. */
  readonly unless?: RegExp;
  /** The key of a block in which it fills variables in by itself, in its present version. */
  readonly block?: RegExp;
}

const hash = /^\s*#|\s#\s/;
const readers: readonly Reader[] = [
  {
    program: "Traefik",
    image: /(?:^|\/)traefik$/,
    file: /^(?:\/etc\/traefik)?\/traefik\.(?:ya?ml|toml)$/,
    comment: hash,
    severity: "high",
    consequence: "the text itself is the value, such as an address that the certificate authority refuses",
  },
  {
    program: "Alertmanager",
    image: /(?:^|\/)alertmanager$/,
    file: /\.ya?ml$/,
    comment: hash,
    severity: "high",
    consequence: "it stops at an address that is none, or no alert reaches anybody",
  },
  {
    program: "Prometheus",
    image: /(?:^|\/)prometheus$/,
    file: /\/prometheus\.ya?ml$/,
    comment: hash,
    unless: /expand-external-labels/,
    block: /^( *)external_labels:\s*$/,
    severity: "medium",
    consequence: "the text itself is the address or the password",
  },
  {
    program: "Loki",
    image: /(?:^|\/)(?:loki|promtail)$/,
    file: /\.ya?ml$/,
    comment: hash,
    unless: /config\.expand-env/,
    severity: "medium",
    consequence: "the text itself is the value",
  },
  {
    program: "The database",
    image: /(?:^|\/)(?:postgres|postgresql|mysql|mariadb|postgis|pgvector|timescaledb)$/,
    file: /^\/docker-entrypoint-initdb\.d\/.*\.sql$/,
    comment: /^\s*(?:--|#)|\s--\s/,
    severity: "high",
    consequence: "the first start stops there, or the text itself becomes the name or the password",
  },
];

export function rawVariables(stack: Stack): RawVariable[] {
  return serverServices(stack).flatMap(service => {
    const reader = readers.find(each => each.image.test(service.imageRef?.family ?? ""));
    if (!reader || service.build || service.get("entrypoint")) return [];
    const start = startText(service);
    if (reader.unless?.test(start) || /envsubst|\bsed\b|gomplate|\bsh -c\b/.test(start)) return [];
    return service.mounts.flatMap(mount => inMount(stack, service, mount, reader));
  });
}

function inMount(stack: Stack, service: Service, mount: Mount, reader: Reader): RawVariable[] {
  const found = mount.type === "bind" ? filesOf(stack, mount) : [];
  for (const [target, path] of found) {
    if (!reader.file.test(target)) continue;
    const result = stack.files.read(path);
    if (!("source" in result) || result.source.text.length > 200_000) continue;
    const { source } = result;
    const places = variablesIn(source, reader);
    const [first, ...more] = places.map(each => each.at);
    if (!first || isPrepared(stack, path)) continue;
    const { program, consequence, severity } = reader;
    const names = [...new Set(places.map(each => each.name))];
    return [{ service, mount, program, consequence, severity, names, at: [first, ...more] }];
  }
  return [];
}

/** Where a mount's files lie in the container, and in the repository. */
function filesOf(stack: Stack, { repositoryPath, exists, target }: Mount): [string, string][] {
  if (!repositoryPath) return [];
  if (exists === "file") return [[target, repositoryPath]];
  if (exists !== "directory") return [];
  return stack.files
    .list(repositoryPath)
    .map((name): [string, string] => [join(target, name), join(repositoryPath, name)])
    .filter(([, path]) => stack.files.has(path) === "file");
}

function variablesIn(source: Source, { comment, block }: Reader): { name: string; at: Location }[] {
  const found: { name: string; at: Location }[] = [];
  let offset = 0;
  let open: number | undefined;
  for (const line of source.text.split("\n")) {
    const indent = line.search(/\S/);
    if (open !== undefined && indent !== -1 && indent <= open) open = undefined;
    open = block?.exec(line)?.[1]?.length ?? open;
    const end = open === undefined ? (comment.exec(line)?.index ?? line.length) : 0;
    for (const match of line.slice(0, end).matchAll(/\$\{([A-Za-z_]\w*)(?::?[-?][^{}]*)?\}/g)) {
      const start = offset + match.index;
      const at = locate(source, start, start + match[0].length);
      found.push({ name: match[1]!, at });
    }
    offset += line.length + 1;
  }
  return found;
}

const filling = /envsubst|\bsed\b|gomplate|jinja|\bj2\b|consul-template|\bperl\b|\bawk\b|template|render/i;

/** Some script that names the file may fill it in before it is mounted. */
function isPrepared(stack: Stack, path: string): boolean {
  const name = basename(path);
  return isSaidInScripts(stack, filling, text => text.includes(name));
}
