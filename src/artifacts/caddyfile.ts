import type { ArtifactKind } from "../core/artifact.ts";
import { basename } from "../core/path.ts";
import type { Located, Location } from "../core/source.ts";
import {
  type CaddyBlock,
  type CaddyDirective,
  type CaddyFile,
  parseCaddyfile,
} from "../formats/caddyfile.ts";

/** An address of a site. */
export interface CaddyAddress {
  readonly text: string;
  readonly at: Location;
  /** False where a variable hides it; then nothing else is told. */
  readonly known: boolean;
  readonly scheme?: "http" | "https";
  /** None for `:80`: any host. */
  readonly host?: string;
  readonly port?: number;
}

/** A host that a site sends requests to. One that a placeholder hides is left out. */
export interface CaddyUpstream {
  readonly host: string;
  readonly port: number;
  readonly at: Location;
}

/**
 * Where the certificate of a site comes from. public: an authority, fetched by itself; internal: Caddy's own;
 * files: given; none: plain HTTP; unknown: a variable decides.
 */
export type CaddyTls = "public" | "internal" | "files" | "none" | "unknown";

export interface CaddySite {
  readonly addresses: readonly CaddyAddress[];
  /** Snippets put in place. */
  readonly directives: readonly CaddyDirective[];
  readonly upstreams: readonly CaddyUpstream[];
  readonly tls: CaddyTls;
  readonly at: Location;
}

export interface CaddyModel {
  readonly options: readonly CaddyDirective[];
  readonly sites: readonly CaddySite[];
  /** Imports of files: what they bring is not known. */
  readonly unread: readonly CaddyDirective[];
}

/** The value of a variable: undefined when it is not set, null when nobody knows to what. */
export type CaddyLookup = (name: string) => string | null | undefined;

/** Syntax alone; `caddyModel` says what it means for one container. */
export const caddyfile: ArtifactKind<CaddyFile> = {
  kind: "caddyfile",
  recognises: path => /^(?:Caddyfile(?:[.-].+)?|.+\.caddy(?:file)?)$/i.test(basename(path)),
  parse: parseCaddyfile,
};

/** Directives of one file after all snippets are put in place: more than any configuration has. */
const mostDirectives = 5000;

/**
 * What a Caddyfile means with these variables. `forAddresses` may know less: the address of a site is what servers set
 * most often, and a default of the repository proves nothing about it.
 */
export function caddyModel(file: CaddyFile, lookup: CaddyLookup, forAddresses = lookup): CaddyModel {
  const snippets = new Map(
    file.blocks.flatMap(block => (block.kind === "snippet" ? [[block.keys[0]!.value, block] as const] : [])),
  );
  const unread: CaddyDirective[] = file.imports.filter(each => !snippets.has(each.args[0]?.value ?? ""));
  const budget = { left: mostDirectives };
  const options = file.blocks.find(block => block.kind === "options")?.directives ?? [];
  const sites = file.blocks.flatMap(block => {
    if (block.kind !== "site") return [];
    const directives = expand(block.directives, snippets, unread, budget, []);
    const addresses = block.keys.flatMap(key => addressesOf(key, forAddresses));
    return [
      {
        addresses,
        directives,
        upstreams: upstreamsOf(directives, lookup),
        tls: tlsOf(addresses, directives, options),
        at: block.at,
      },
    ];
  });
  return { options, sites, unread };
}

function expand(
  directives: readonly CaddyDirective[],
  snippets: ReadonlyMap<string, CaddyBlock>,
  unread: CaddyDirective[],
  budget: { left: number },
  chain: readonly string[],
): CaddyDirective[] {
  return directives.flatMap(directive => {
    if (budget.left-- <= 0) return [];
    const name = directive.args[0]?.value;
    if (directive.name.value === "import" && name !== undefined) {
      const snippet = snippets.get(name);
      if (!snippet) unread.push(directive);
      if (!snippet || chain.includes(name) || chain.length > 10) return [];
      const given = directive.args.slice(1).map(arg => arg.value);
      const filled = snippet.directives.map(each => fill(each, given));
      return expand(filled, snippets, unread, budget, [...chain, name]);
    }
    if (!directive.block) return [directive];
    return [{ ...directive, block: expand(directive.block, snippets, unread, budget, chain) }];
  });
}

/** `{args[0]}` of a snippet. */
function fill(directive: CaddyDirective, given: readonly string[]): CaddyDirective {
  const put = <T extends Located<string>>(word: T): T =>
    word.value.includes("{args")
      ? {
          ...word,
          value: word.value.replace(
            /\{args(?:\[(\d+)\]|\.(\d+))\}/g,
            (whole, a?: string, b?: string) => given[Number(a ?? b)] ?? whole,
          ),
        }
      : word;
  return {
    ...directive,
    args: directive.args.map(put),
    ...(directive.block ? { block: directive.block.map(each => fill(each, given)) } : {}),
  };
}

/** Puts variables in; undefined when one of them is not known. */
function resolved(text: string, lookup: CaddyLookup): string | undefined {
  let known = true;
  const value = text.replace(/\{\$(\w+)(?::([^{}]*))?\}/g, (_whole, name: string, otherwise?: string) => {
    const found = lookup(name);
    if (found === null) known = false;
    return (found === undefined || found === "" ? otherwise : found) ?? "";
  });
  return known ? value : undefined;
}

function addressesOf(key: Located<string>, lookup: CaddyLookup): CaddyAddress[] {
  const text = resolved(key.value, lookup);
  const unknown = { text: key.value, at: key.at, known: false };
  if (text === undefined || text.trim() === "") return [unknown];
  return text
    .split(/[\s,]+/)
    .filter(each => each !== "")
    .map(each => {
      const match = /^(?:(https?):\/\/)?(\[[^\]]*\]|[^:/{}]*)(?::(\d+))?(?:\/.*)?$/i.exec(each);
      if (!match) return unknown;
      const [, scheme, host, port] = match;
      return {
        text: each,
        at: key.at,
        known: true,
        ...(scheme ? { scheme: scheme.toLowerCase() as "http" | "https" } : {}),
        ...(host ? { host } : {}),
        ...(port ? { port: Number(port) } : {}),
      };
    });
}

function upstreamsOf(directives: readonly CaddyDirective[], lookup: CaddyLookup): CaddyUpstream[] {
  return directives.flatMap(({ name, args, block }) => {
    if (name.value !== "reverse_proxy" && name.value !== "php_fastcgi")
      return block ? upstreamsOf(block, lookup) : [];
    const own = args.filter((arg, index) => index > 0 || !/^[/*@]/.test(arg.value));
    const listed = (block ?? []).filter(each => each.name.value === "to").flatMap(each => each.args);
    return [...own, ...listed].flatMap(arg => upstreamOf(arg, lookup));
  });
}

function upstreamOf(arg: Located<string>, lookup: CaddyLookup): CaddyUpstream[] {
  const text = resolved(arg.value, lookup);
  const match = /^(?:(https?|h2c|fastcgi|tcp):\/\/|tcp\/)?(\[[^\]]*\]|[^:/{}\s]*)(?::(\d+))?$/i.exec(
    text ?? "{",
  );
  if (!match || (!match[2] && !match[3])) return [];
  const port = match[3] ? Number(match[3]) : match[1]?.toLowerCase() === "https" ? 443 : 80;
  return [{ host: match[2] || "localhost", port, at: arg.at }];
}

const ownAuthority = /^(?:localhost|.*\.(?:localhost|local|internal|home\.arpa)|[\d.]+|\[.*\])$/i;

function tlsOf(
  addresses: readonly CaddyAddress[],
  directives: readonly CaddyDirective[],
  options: readonly CaddyDirective[],
): CaddyTls {
  const directive = directives.find(each => each.name.value === "tls");
  if (addresses.length === 0 || addresses.some(address => !address.known)) return "unknown";
  const isOff = options.some(each => each.name.value === "auto_https" && each.args[0]?.value === "off");
  const secured = addresses.filter(
    ({ scheme, port, host }) =>
      scheme !== "http" && port !== 80 && (scheme === "https" || directive || (host !== undefined && !isOff)),
  );
  if (secured.length === 0) return "none";
  if (directive?.args[0]?.value === "internal") return "internal";
  if (directive && directive.args.length === 2) return "files";
  if (options.some(each => each.name.value === "local_certs")) return "internal";
  if (directive?.block?.some(each => /^(?:issuer|get_certificate|load|on_demand)$/.test(each.name.value)))
    return "unknown";
  return secured.every(({ host }) => host === undefined || ownAuthority.test(host)) ? "internal" : "public";
}
