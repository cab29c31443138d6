import { ownFiles } from "../artifacts/project-files.ts";
import type { Evidence } from "../core/finding.ts";
import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { hostNames } from "./query.ts";
import { hasOwnNames } from "./query-upstreams.ts";
import type { Service, Stack } from "./stack.ts";

/** Questions about what a visitor's browser can reach, and what it sends. */

/** Labels and variables by which a proxy outside the file finds a service. */
const discovered = /^(?:traefik\.|caddy|ofelia\.|virtual[._]?host|letsencrypt)/i;
const front = /cloudflared|ngrok|tailscale|traefik|nginx-proxy|caddy/i;

/**
 * Only other containers can ask it: it publishes nothing, no proxy of the project names it, and nothing outside the
 * file could find it. False wherever that is not certain.
 */
export function isInternal(stack: Stack, service: Service): boolean {
  const { project } = service;
  if (service.ports.length > 0 || hasOwnNames(service)) return false;
  const others = project.services.filter(other => other !== service);
  if (!others.some(other => other.ports.length > 0)) return false;
  if (others.some(other => front.test(`${other.name} ${other.image?.text ?? ""}`))) return false;
  if ([...service.labels, ...service.environment].some(each => discovered.test(each.name))) return false;
  // A site that hands requests on by a variable or a rewrite is a proxy, too.
  const names = hostNames(service);
  const named = (text: string) => names.some(name => new RegExp(`//${pattern(name)}(?![\\w.-])`).test(text));
  const sites = others.filter(other => /^(?:next|vite|cra)$/.test(other.component?.kind ?? ""));
  if (sites.some(site => site.environment.some(each => named(each.value?.raw ?? "")))) return false;
  return ![...stack.kinds].some(
    ([path, kind]) =>
      (kind === "nginx" || kind === "caddyfile") &&
      names.some(name => new RegExp(`\\b${pattern(name)}\\b`).test(sourceOf(stack, path)?.text ?? "")),
  );
}

function pattern(name: string): string {
  return name.replace(/[^\w-]/g, "\\$&");
}

const mostSources = 1_000;

/** Whether the code of a service speaks of cookies or sessions; true where it cannot be searched. */
export function mayUseCookies(stack: Stack, service: Service): boolean {
  const texts = searchedTexts(stack, service);
  return !texts || texts.some(text => /cookie|session_?middleware|express-session/i.test(text));
}

const setsCookie = /\bset_cookie\s*\(|\.cookie\s*\(|\bsession\s*\(|\bSessionMiddleware\b/g;
const sameSite = /\bsame_?site["']?\s*[:=]\s*["']?(\w+)/gi;

/** Every cookie that the code sets says that the pages of other sites do not send it. */
export function keepsCookiesHome(stack: Stack, service: Service): boolean {
  const texts = searchedTexts(stack, service) ?? [];
  const said = texts.flatMap(text => [...text.matchAll(sameSite)].map(([, value]) => value!.toLowerCase()));
  if (said.length === 0 || !said.every(value => /^(?:lax|strict)$/.test(value))) return false;
  return said.length >= texts.flatMap(text => text.match(setsCookie) ?? []).length;
}

/** Who may call from a browser, and whether the visitor's login goes with the call. */
export interface Sharing {
  readonly subject: string;
  readonly service: Service;
  readonly opens: Evidence;
  readonly credentials?: Location;
  readonly sure: boolean;
  /** The framework's cookies go with calls of the same site only. */
  readonly home?: boolean;
  /** Other evidence: the variable that decides. */
  readonly more?: readonly Evidence[];
  readonly edits?: readonly Edit[] | undefined;
}

const djangosSite = /SAMESITE["']?[ \t]*[:=][ \t]*["']?(\w+)/g;

/** Django's own cookies stay with the pages of the site, unless its settings let them go or the code sets others. */
export function djangoKeepsCookiesHome(stack: Stack, service: Service): boolean {
  const texts = searchedTexts(stack, service);
  if (!texts) return false;
  const said = texts.flatMap(text => [...text.matchAll(djangosSite)].map(([, value]) => value!));
  if (!said.every(value => /^(?:lax|strict)$/i.test(value))) return false;
  return !texts.some(text => /\bset_cookie\s*\(/.test(text)) || keepsCookiesHome(stack, service);
}

/** The sources of a service's application; undefined where there are none, or too many to search. */
function searchedTexts(stack: Stack, { component }: Service): string[] | undefined {
  if (!component) return undefined;
  const paths = ownFiles(stack.files, component.dir).filter(path => /\.(?:py|[cm]?[jt]s)$/.test(path));
  if (paths.length === 0 || paths.length > mostSources) return undefined;
  return paths.flatMap(path => {
    const result = stack.files.read(path);
    return "source" in result ? [result.source.text] : [];
  });
}
