import type { NginxDirective } from "../formats/nginx.ts";
import { isNginxDirective } from "../formats/nginx-directives.ts";
import type { EffectiveNginx } from "../stack/proxy/effective.ts";

/** Where the check may read and write; short, because sockets have names of at most 107 bytes. */
export interface NginxPlace {
  readonly directory: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * The whole configuration as one file that `nginx -t` can judge on any machine: it opens no port, asks no name server,
 * loads no module and reads no file but a certificate of ours. Undefined for what cannot be judged so: parts that are
 * not in the repository, modules and program code.
 */
export function checkableNginx(nginx: EffectiveNginx, place: NginxPlace): string | undefined {
  if (nginx.gaps.length > 0 || nginx.problems.length > 0 || !isHarmless(nginx.tree)) return undefined;
  const upstreams = new Set(nginx.upstreams.map(upstream => upstream.name.value));
  const writing: Writing = { place, upstreams, sockets: new Map(), lines: [], paths: 0 };
  const isWhole = nginx.tree.some(
    ({ name, block }) => block && ["http", "events", "stream"].includes(name.value),
  );
  const head = `pid ${place.directory}/pid;\nerror_log stderr;\nworker_processes 1;\n`;
  if (isWhole) {
    write(writing, nginx.tree, "main");
    const events = nginx.tree.some(({ name }) => name.value === "events") ? "" : "events {}\n";
    return `${head}${events}${writing.lines.join("")}`;
  }
  writing.lines.push("events {}\nhttp {\n", ...temporaryPaths(place));
  write(writing, nginx.tree, "http");
  return `${head}${writing.lines.join("")}}\n`;
}

interface Writing {
  readonly place: NginxPlace;
  readonly upstreams: ReadonlySet<string>;
  readonly sockets: Map<string, string>;
  readonly lines: string[];
  paths: number;
}

/** Whatever runs code, loads it, or reads files of a kind that we cannot stand in for. */
function isHarmless(directives: readonly NginxDirective[]): boolean {
  return directives.every(
    ({ name: { value: name }, opaque, block }) =>
      !opaque &&
      !/^(?:load_module|perl|js_|lua_|geoip|xslt|xml_|image_filter|ssl_engine|mail$|ssl_ct|pagespeed|modsecurity|passenger)|_by_lua/.test(
        name,
      ) &&
      (!block || isHarmless(block)),
  );
}

/** They belong to the machine, or name files that are not there. */
const left =
  /^(?:pid|lock_file|user|daemon|master_process|worker_processes|worker_rlimit_\w+|worker_cpu_affinity|worker_priority|error_log|access_log|working_directory|env|debug_points|ssl_dhparam|ssl_crl|\w*_ssl_crl|ssl_password_file|\w*_ssl_password_file|ssl_session_ticket_key|ssl_stapling_file|google_perftools_profiles|stream|include|\w+_temp_path)$/;

const passes = /^(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass$/;

/** Blocks whose lines are data and no directives. */
const tables = /^(?:map|geo|types|split_clients|charset_map|match)$/;

function write(writing: Writing, directives: readonly NginxDirective[], context: string): void {
  const { lines } = writing;
  if (tables.test(context)) {
    for (const { name, args } of directives)
      lines.push(`${[quoted(name.value), ...args.map(arg => arg.raw)].join(" ")};\n`);
    return;
  }
  if (context === "server" && !directives.some(({ name }) => name.value === "listen"))
    lines.push(`listen ${socketFor(writing, "80")};\n`);
  for (const directive of directives) {
    const { name, block } = directive;
    if (left.test(name.value)) continue;
    const words = wordsOf(writing, directive, context);
    if (!words) continue;
    const head = [name.value, ...words].join(" ");
    if (!block) {
      lines.push(`${head};\n`);
      continue;
    }
    lines.push(`${head} {\n`);
    if (name.value === "http") lines.push(...temporaryPaths(writing.place));
    write(writing, block, name.value);
    lines.push("}\n");
  }
}

function quoted(word: string): string {
  return /^[\w./*~^-]+$/.test(word) ? word : `"${word.replace(/["\\]/g, "\\$&")}"`;
}

/** Undefined for a directive that is left out. */
function wordsOf(writing: Writing, directive: NginxDirective, context: string): string[] | undefined {
  const {
    name: { value: name },
    args,
  } = directive;
  const words = args.map(arg => arg.raw);
  const [first = ""] = words;
  if (name === "listen") return listenWords(writing, words);
  if (name === "server" && context === "upstream") return [localHost(first), ...words.slice(1)];
  if (passes.test(name)) return [localTarget(writing, first)];
  if (name === "resolver")
    return ["127.0.0.1", ...words.filter(word => /^(?:valid|ipv4|ipv6|status_zone)=/.test(word))];
  if (name === "set_real_ip_from") return /^[\d.:a-f/[\]]+$|^unix:$/i.test(first) ? words : undefined;
  if (/^(?:\w+_)?ssl_(?:(?:client_|trusted_)?certificate)$/.test(name))
    return [first.includes("$") ? first : writing.place.certificate];
  if (/^(?:\w+_)?ssl_certificate_key$/.test(name)) return [first.includes("$") ? first : writing.place.key];
  if (/^\w+_cache_path$/.test(name))
    return [`${writing.place.directory}/cache${writing.paths++}`, ...words.slice(1)];
  return words;
}

/** A socket for each address and port, so that what is asked for twice is refused as it would be. */
function listenWords(writing: Writing, [address = "", ...options]: string[]): string[] | undefined {
  if (options.includes("quic")) return undefined;
  const kept = options.filter(option =>
    /^(?:ssl|http2|default_server|default|proxy_protocol|spdy)$/.test(option),
  );
  return [socketFor(writing, address), ...kept];
}

function socketFor({ sockets, place }: Writing, address: string): string {
  const key = address.replace(/^(?:\*|0\.0\.0\.0):/, "").replace(/^["']|["']$/g, "");
  const known = sockets.get(key);
  if (known) return known;
  const socket = `unix:${place.directory}/${sockets.size}`;
  sockets.set(key, socket);
  return socket;
}

/** nginx looks names up when it reads its configuration; only the server has those of the stack. */
function localHost(address: string): string {
  if (address.startsWith("unix:")) return address;
  const port = /:(\d+)$/.exec(address)?.[1];
  return port === undefined ? "127.0.0.1" : `127.0.0.1:${port}`;
}

function localTarget({ upstreams }: Writing, url: string): string {
  const [, scheme = "", authority = "", rest = ""] = /^(\w+:\/\/)?([^/]*)(.*)$/s.exec(url) ?? [];
  const isKnown = upstreams.has(authority) || upstreams.has(authority.replace(/:\d+$/, ""));
  return authority.includes("$") || isKnown || authority.startsWith("unix:")
    ? url
    : scheme + localHost(authority) + rest;
}

function temporaryPaths({ directory }: NginxPlace): string[] {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    name => `${name}_temp_path ${directory}/${name};\n`,
  );
}

/** What another version of nginx, or one with more modules, may well accept. */
export function isOtherVersion(message: string): boolean {
  const unknown = /unknown directive "([\w.]+)"/.exec(message)?.[1];
  if (unknown !== undefined) return isNginxDirective(unknown);
  return /invalid parameter "(?:resolve|quic|http2|http3|ssl|ipv4=\w+)/.test(message);
}
