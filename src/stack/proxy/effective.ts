import {
  type NginxLimitZone,
  type NginxListen,
  type NginxLocation,
  type NginxMap,
  type NginxModel,
  type NginxServer,
  type NginxUpstream,
  nginxModel,
} from "../../artifacts/nginx-model.ts";
import { type Fragment, mappedFragment } from "../../core/fragment.ts";
import type { Gap, Problem } from "../../core/problem.ts";
import type { Located, Location, Source } from "../../core/source.ts";
import { type NginxDirective, parseNginx } from "../../formats/nginx.ts";
import { isImageFolder, isInNginxImage, mainConfig, templateFolder, templateOutput } from "./image-files.ts";

/** How the linker answers for one container: which repository file stands at a container path. */
export interface NginxContainer {
  /** The main configuration; `/etc/nginx/nginx.conf` unless the command says otherwise. */
  readonly containerPath: string;
  /** What the command itself makes with `envsubst` before nginx starts: the made file and its template. */
  readonly rendered?: ReadonlyMap<string, string>;
  read(containerPath: string): { readonly source: Source; readonly file: string } | undefined;
  /** Container paths that match a pattern with `*` in its last parts, in any order. */
  glob(containerPattern: string): readonly string[];
  /**
   * Whether all that stands at or in this path is seen. False for a volume, a folder of the host that is not in the
   * repository, an image that is not known.
   */
  knows(containerPath: string): boolean;
  /** The environment that templates are rendered with; a name that is not set stays as written. */
  environment?(name: string): string | undefined;
}

/** The whole configuration that one nginx runs with, includes put in place. */
export interface EffectiveNginx {
  readonly servers: readonly NginxServer[];
  readonly upstreams: readonly NginxUpstream[];
  readonly maps: readonly NginxMap[];
  readonly limitZones: readonly NginxLimitZone[];
  readonly tree: readonly NginxDirective[];
  /** Includes that nobody can follow. Where there are any, an absence proves nothing. */
  readonly gaps: readonly Gap[];
  readonly problems: readonly Problem[];
  /** Repository files that take part, in the order of reading. */
  readonly files: readonly string[];
}

interface Reading {
  readonly container: NginxContainer;
  readonly gaps: Gap[];
  readonly problems: Problem[];
  readonly files: string[];
  /** Container paths that are being read: an include of one of them is a loop. */
  readonly chain: string[];
  budget: number;
}

/** More included files than any real configuration has; a hostile one stops here. */
const mostFiles = 300;

/** Reads what one nginx container runs. A main file that is not in the repository is the image's own. */
export function effectiveNginx(container: NginxContainer): EffectiveNginx {
  const reading: Reading = { container, gaps: [], problems: [], files: [], chain: [], budget: mostFiles };
  const tree =
    container.read(container.containerPath) ||
    container.rendered?.has(container.containerPath) ||
    hasTemplate(container, container.containerPath)
      ? readFile(reading, container.containerPath)
      : imageMain(reading);
  return assemble(nginxModel(tree), reading);
}

/** A file that no container of the repository is known to use: what it includes is a gap, bare servers are HTTP's. */
export function standaloneNginx(source: Source): EffectiveNginx {
  const container: NginxContainer = {
    containerPath: source.path,
    read: path => (path === source.path ? { source, file: source.path } : undefined),
    glob: () => [],
    knows: () => false,
  };
  const reading: Reading = { container, gaps: [], problems: [], files: [], chain: [], budget: mostFiles };
  return assemble(nginxModel(readFile(reading, source.path)), reading);
}

function assemble(model: NginxModel, reading: Reading): EffectiveNginx {
  const { gaps, problems, files } = reading;
  const { servers, upstreams, maps, limitZones, tree } = model;
  return { servers, upstreams, maps, limitZones, tree, gaps, problems, files: [...new Set(files)] };
}

/** The official image's main file: `http { include conf.d/*.conf; }`; its other settings judge nothing. */
function imageMain(reading: Reading): NginxDirective[] {
  const { container } = reading;
  if (container.containerPath !== mainConfig) return [];
  const children = readPattern(reading, `${templateOutput}/*.conf`, undefined);
  const at = children[0]?.at;
  if (!at) return [];
  // It stands in no file of the repository, so it has no width.
  const nowhere: Location = { file: at.file, span: { start: 0, end: 0 } };
  return [{ name: { value: "http", at: nowhere }, args: [], block: children, at: nowhere }];
}

function readFile(reading: Reading, path: string): NginxDirective[] {
  const made = reading.container.rendered?.has(path);
  const found = (made ? undefined : reading.container.read(path)) ?? readTemplate(reading, path);
  // Made from what is not seen.
  if (made && !found)
    reading.gaps.push({ about: `nginx file "${path}"`, why: "its template is not in this repository" });
  if (!found || reading.budget-- <= 0) return [];
  const { model, problems } = parseNginx("rendered" in found ? found.rendered : found.source);
  reading.files.push(found.file);
  reading.problems.push(...problems);
  reading.chain.push(path);
  const tree = expand(reading, model.directives);
  reading.chain.pop();
  return tree;
}

/** `conf.d/NAME` as the image's entry point writes it from `templates/NAME.template`, or as the command does. */
function readTemplate(reading: Reading, path: string): { rendered: Fragment; file: string } | undefined {
  const template = templateOf(reading.container, path);
  const found = template === undefined ? undefined : reading.container.read(template);
  if (!found) return undefined;
  return {
    rendered: renderTemplate(found.source, name => reading.container.environment?.(name)),
    file: found.file,
  };
}

/** Puts values in for `${NAME}` as `envsubst` does; every character knows its place in the template. */
export function renderTemplate(source: Source, lookup: (name: string) => string | undefined): Fragment {
  let text = "";
  const offsets: number[] = [];
  const push = (value: string, at: (index: number) => number): void => {
    for (let i = 0; i < value.length; i++) offsets.push(at(i));
    text += value;
  };
  let last = 0;
  for (const match of source.text.matchAll(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g)) {
    const value = lookup(match[1] ?? match[2] ?? "");
    if (value === undefined) continue;
    const { index } = match;
    const start = last;
    push(source.text.slice(start, index), i => start + i);
    push(value, () => index);
    last = index + match[0].length;
  }
  push(source.text.slice(last), i => last + i);
  offsets.push(source.text.length);
  return mappedFragment(source.path, text, offsets);
}

function expand(reading: Reading, directives: readonly NginxDirective[]): NginxDirective[] {
  return directives.flatMap(directive => {
    const target = directive.args[0];
    if (directive.name.value === "include" && target && !directive.block)
      return readPattern(reading, containerPath(target.value), target);
    return [directive.block ? { ...directive, block: expand(reading, directive.block) } : directive];
  });
}

/** Relative names are taken from the folder of the main configuration's prefix. */
function containerPath(target: string): string {
  const parts: string[] = [];
  for (const part of (target.startsWith("/") ? target : `/etc/nginx/${target}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function readPattern(
  reading: Reading,
  pattern: string,
  target: Located<string> | undefined,
): NginxDirective[] {
  const { container, chain, gaps } = reading;
  if (!/[*?[]/.test(pattern)) {
    if (chain.includes(pattern)) return gap(reading, target, "it includes itself");
    if (container.read(pattern) || hasTemplate(container, pattern)) return readFile(reading, pattern);
    if (isInNginxImage(pattern)) return [];
    // The linker knows that nothing stands there: nginx will not start. That is a fact for a rule, and here a gap.
    return gap(
      reading,
      target,
      container.knows(pattern)
        ? "there is no such file in the container"
        : "the file is not in this repository",
    );
  }
  const paths = [...new Set([...container.glob(pattern), ...templatesFor(container, pattern)])].sort();
  const folder = pattern.slice(0, pattern.lastIndexOf("/"));
  const seen = container.knows(folder) || isImageFolder(folder);
  if (paths.length === 0 && !seen && target)
    gaps.push({
      about: `nginx include "${target.value}"`,
      why: "the folder is not in this repository",
      at: target.at,
    });
  return paths.flatMap(path =>
    chain.includes(path) ? gap(reading, target, "it includes itself") : readFile(reading, path),
  );
}

function gap(reading: Reading, target: Located<string> | undefined, why: string): NginxDirective[] {
  if (target) reading.gaps.push({ about: `nginx include "${target.value}"`, why, at: target.at });
  return [];
}

function templateOf(container: NginxContainer, path: string): string | undefined {
  const { rendered } = container;
  const made = rendered?.get(path);
  const output = outputOf(container);
  if (made !== undefined || !path.startsWith(`${output}/`)) return made;
  return `${templateFolder}/${path.slice(output.length + 1)}.template`;
}

/** Where the image's entry point writes what it makes of the templates. */
function outputOf(container: NginxContainer): string {
  return container.environment?.("NGINX_ENVSUBST_OUTPUT_DIR")?.replace(/\/$/, "") || templateOutput;
}

function hasTemplate(container: NginxContainer, path: string): boolean {
  const template = templateOf(container, path);
  return template !== undefined && container.read(template) !== undefined;
}

function templatesFor(container: NginxContainer, pattern: string): string[] {
  if (pattern !== `${templateOutput}/*.conf`) return [];
  const isDefault = outputOf(container) === templateOutput;
  const templates = isDefault ? container.glob(`${templateFolder}/*.conf.template`) : [];
  const made = [...(container.rendered?.keys() ?? [])].filter(path =>
    /^\/etc\/nginx\/conf\.d\/[^/]+\.conf$/.test(path),
  );
  return [
    ...templates.map(path => `${templateOutput}${path.slice(templateFolder.length, -".template".length)}`),
    ...made,
  ];
}

/** Every port on which HTTP is served, once each, in ascending order. */
export function listenPorts(nginx: EffectiveNginx): number[] {
  const ports = nginx.servers.flatMap(server => server.listens.flatMap(listen => listen.port ?? []));
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Servers with a TLS listener, and these listeners. */
export function tlsServers(nginx: EffectiveNginx): { server: NginxServer; listens: NginxListen[] }[] {
  return nginx.servers
    .map(server => ({ server, listens: server.listens.filter(listen => listen.ssl) }))
    .filter(({ listens }) => listens.length > 0);
}

/** Every location, nested ones included, in the order of the text. */
export function allLocations(server: NginxServer): NginxLocation[] {
  const all = (locations: readonly NginxLocation[]): NginxLocation[] =>
    locations.flatMap(location => [location, ...all(location.nested)]);
  return all(server.locations);
}

export interface LimitZones {
  readonly defined: readonly NginxLimitZone[];
  /** `limit_req` and `limit_conn` by the zone's name. */
  readonly used: readonly { readonly kind: "req" | "conn"; readonly zone: string; readonly at: Location }[];
  readonly unused: readonly NginxLimitZone[];
}

/** Which rate-limit zones exist and which are applied anywhere. */
export function limitZones(nginx: EffectiveNginx): LimitZones {
  const used: { kind: "req" | "conn"; zone: string; at: Location }[] = [];
  const visit = (directives: readonly NginxDirective[]): void => {
    for (const { name, args, at, block } of directives) {
      if (block) visit(block);
      const zone = args.find(arg => arg.value.startsWith("zone="))?.value.slice(5);
      if (name.value === "limit_req" && zone) used.push({ kind: "req", zone, at });
      if (name.value === "limit_conn" && args[0]) used.push({ kind: "conn", zone: args[0].value, at });
    }
  };
  visit(nginx.tree);
  const applied = new Set(used.map(({ kind, zone }) => `${kind} ${zone}`));
  const unused = nginx.limitZones.filter(zone => !applied.has(`${zone.kind} ${zone.name.value}`));
  return { defined: nginx.limitZones, used, unused };
}
