import { sourceOf } from "../core/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { serverServices } from "./query.ts";
import { codeOf } from "./query-code.ts";
import { isRun } from "./query-connections.ts";
import { shownEnvFile } from "./query-env-examples.ts";
import { environmentText } from "./query-environment.ts";
import { worstFirst } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** How long the tokens are valid that programs sign by themselves, outside of Django. */
export interface TokenLifetime {
  readonly service: Service;
  readonly seconds: number;
  readonly at: Location;
  /** Tokens that renew them are signed, too. */
  readonly renewed: boolean;
}

const day = 86_400;
const longest = 200_000;
const scripts = /\.[cm]?[jt]s$/;
const signs = /jsonwebtoken|@nestjs\/jwt|\bJwtModule\b|\bjwtService\b|\bjwt\.sign\(|@fastify\/jwt|\bjose\b/;
const pythonSigns = /\bjose\b|\bjwt\b/i;
/** `expiresIn: "7d"`, `expiresIn: config.get("X") || "7d"`; tokens of another name have a key of another name. */
const inScript = /(?<![\w.])expiresIn\s*:\s*([^\n}]{1,160})/g;
const inPython = /\b(\w*ACCESS_TOKEN_EXPIRES?_(MINUTES|HOURS|DAYS))\b[^\n=]{0,20}=[ \t]*([^\n#]{1,120})/g;
/** What is signed for another purpose: a way back to an account, a link, a machine. */
const other =
  /refresh|reset|verif|invit|unsubscri|confirm|magic|download|activat|mcp|api_?key|webhook|ticket|signed_?url|remember/i;
/** A token can be called back one way or another. */
const revoked =
  /token_?version|black_?list|deny_?list|revoke|session_?version|\bjti\b|invalidat\w*token|password_?changed|is_?active|is_?blocked|is_?banned|\bdisabled\b/i;
const aside = /(?:^|\/)(?:scripts?|seeds?|tools?|examples?)\/|seed|mail|\.d\.ts$/i;

export function tokenLifetimes(stack: Stack): TokenLifetime[] {
  const told = new Set<AppComponent>();
  return worstFirst(serverServices(stack)).flatMap(service => {
    const { component } = service;
    if (!component || component.django || told.has(component)) return [];
    told.add(component);
    const sources = codeOf(component)
      .filter(path => /\.(?:[cm]?[jt]s|py)$/.test(path) && !aside.test(path))
      .flatMap(path => sourceOf(stack, path) ?? [])
      .filter(({ text }) => text.length <= longest);
    const signing = sources.filter(({ path, text }) => (scripts.test(path) ? signs : pythonSigns).test(text));
    if (signing.length === 0 || signing.some(({ text }) => revoked.test(text))) return [];
    const renewed = sources.some(({ text }) => /refresh_?token/i.test(text));
    const found = sources
      .flatMap(source =>
        scripts.test(source.path) ? ofScript(stack, service, source) : ofPython(stack, service, source),
      )
      .filter(({ at }) => isRun(stack, service, component, at))
      .sort((one, two) => two.seconds - one.seconds);
    return found.slice(0, 1).map(each => ({ service, renewed, ...each }));
  });
}

type Found = Pick<TokenLifetime, "seconds" | "at">;

function ofScript(stack: Stack, service: Service, source: Source): Found[] {
  if (!/jwt|token/i.test(source.text)) return [];
  return [...source.text.matchAll(inScript)].flatMap(match => {
    const before = source.text.slice(Math.max(0, match.index - 220), match.index);
    const near = before.slice(Math.max(before.lastIndexOf("\n\n"), before.lastIndexOf("function "), 0));
    const expression = match[1]!.replace(/\s+as\s+\w+/, "");
    if (other.test(near) || other.test(expression) || other.test(source.path)) return [];
    const seconds = secondsOf(stack, service, expression, 1);
    return seconds === undefined
      ? []
      : [{ seconds, at: locate(source, match.index, match.index + match[0].trimEnd().length) }];
  });
}

const units = { MINUTES: 60, HOURS: 3600, DAYS: day } as const;

function ofPython(stack: Stack, service: Service, source: Source): Found[] {
  return [...source.text.matchAll(inPython)].flatMap(match => {
    const unit = units[match[2] as keyof typeof units];
    // A name that is handed on from somewhere else is told where it is read.
    if (!/^\d|getenv|environ|Field\(/.test(match[3]!)) return [];
    const given = givenText(stack, service, match[1]!);
    const seconds =
      given !== undefined && /^\d+$/.test(given)
        ? Number(given) * unit
        : secondsOf(stack, service, match[3]!, unit);
    return seconds === undefined
      ? []
      : [{ seconds, at: locate(source, match.index, match.index + match[0].trimEnd().length) }];
  });
}

/** A text with its unit, a product of numbers, or the fallback of a variable that nobody sets otherwise. */
function secondsOf(stack: Stack, service: Service, expression: string, unit: number): number | undefined {
  const plain = expression.trim().replace(/[,;)\s]+$/, "");
  const [, name] =
    /(?:process\.env\.|getenv\(\s*["']|environ\.get\(\s*["']|\bget(?:OrThrow)?(?:<\w+>)?\(\s*["'])(\w+)/.exec(
      plain,
    ) ?? [];
  const given = name === undefined ? undefined : givenText(stack, service, name);
  const text = given ?? /["'`]([^"'`]*)["'`]$/.exec(plain)?.[1];
  if (text !== undefined) return /^\d+$/.test(text) ? Number(text) * unit : spelled(text);
  const factors = /^\d[\d_* \t]*$/.test(plain)
    ? plain.split("*").map(each => Number(each.trim().replaceAll("_", "")))
    : [];
  return factors.length > 0 ? factors.reduce((product, each) => product * each, unit) : undefined;
}

function givenText(stack: Stack, service: Service, name: string): string | undefined {
  const own = environmentText(service, name);
  if (own !== undefined) return own;
  for (const use of service.envFiles) {
    const shown = shownEnvFile(stack, use.resolved ?? use.path.value);
    const text = shown?.entries.find(entry => entry.name.value === name)?.value.value;
    if (text) return text;
  }
  return undefined;
}

/** `7d`, `30 days`, `12h`, as jsonwebtoken reads them. */
function spelled(text: string): number | undefined {
  const [, digits, word = ""] = /^(\d{1,6})\s*([a-z]+)$/i.exec(text) ?? [];
  const size = { s: 1, m: 60, h: 3600, d: day, w: 7 * day, y: 365 * day }[word[0]?.toLowerCase() ?? ""];
  return digits === undefined || size === undefined || /^(?:ms|mo)/i.test(word)
    ? undefined
    : Number(digits) * size;
}
