import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate, type Source } from "../core/source.ts";
import { credentialsInUrl } from "../formats/secret.ts";
import { itemsOf, pairOf } from "../formats/yaml.ts";
import { endsLine, lineStartOf, scalarText, withoutLines } from "../formats/yaml-edit.ts";
import { accountVariables, type ConnectionGap, loopbackUses } from "../stack/query-connections.ts";
import { storeUrl } from "../stack/query-environment.ts";
import { codeDefaults } from "../stack/query-secrets.ts";
import type { Service, Stack, Variable } from "../stack/stack.ts";
import { ownPair } from "./service-edit.ts";

/**
 * Puts the variables that the code reads in place of those that nothing reads, with what the store's own variables
 * say. Undefined where a name does not tell what belongs there, or where other services get the same lines.
 */
export function setWhatIsRead(stack: Stack, gaps: readonly ConnectionGap[]): Fix | undefined {
  const edits: Edit[] = [];
  const places = new Set<number>();
  for (const gap of gaps) {
    // One mapping may stand for several services.
    const fresh = gap.variables.filter(each => !places.has(each.at.span.start));
    for (const each of gap.variables) places.add(each.at.span.start);
    if (fresh.length === 0) continue;
    if (!isCurable(stack, gap)) return undefined;
    const lines = gap.reads.map(name => [name, expectedText(gap, name)] as const);
    if (lines.length === 0 || lines.some(([, value]) => value === undefined)) return undefined;
    const others = stack.services.filter(service => !gaps.some(each => each.service === service));
    if (others.some(service => service.environment.some(each => fresh.some(one => isSame(one, each)))))
      return undefined;
    const own = replaceVariables(stack, gap.service, fresh, lines as [string, string][]);
    if (!own) return undefined;
    edits.push(...own);
  }
  const names = [...new Set(gaps.flatMap(gap => gap.reads))];
  const services = [...new Set(gaps.map(gap => gap.service.name))].join(" and ");
  return {
    title: `Set what the code reads: ${names.join(", ")}`,
    grade: "needs-testing",
    edits,
    test: `Start ${services} and see in the log that it connects to ${[...new Set(gaps.map(gap => gap.store.name))].join(" and ")}.`,
  };
}

/** Nothing but a variable keeps the code away from the store, and no secret of its own takes over without it. */
function isCurable(stack: Stack, { service, protocol, reads }: ConnectionGap): boolean {
  const loops = loopbackUses(stack, service).filter(use => use.protocol === protocol);
  if (loops.some(use => use.name === undefined || !reads.includes(use.name))) return false;
  return !codeDefaults(stack, service).some(each => reads.includes(each.name));
}

const isSame = (one: Variable, other: Variable): boolean =>
  one.at.file === other.at.file && one.at.span.start === other.at.span.start;

/** What a variable of this name is expected to hold, as Compose text; undefined where the name does not tell. */
function expectedText({ store, variables }: ConnectionGap, name: string): string | undefined {
  const raw = variables.map(each => each.value?.raw ?? "").find(text => text.includes("://"));
  const url = raw === undefined ? undefined : storeUrl(raw.replace(/\$\{[^}]*\}/g, "x"));
  const given = raw === undefined ? undefined : credentialsInUrl(raw);
  const [user, password, database] = accountVariables(store).map(each => each?.value?.raw);
  const plain = (text: string | undefined) => (text && text !== "x" ? text : undefined);
  switch (/(?:HOST|HOSTNAME|SERVER|USER|USERNAME|PASS|PASSWORD|NAME|URL|URI|DSN)$/.exec(name)?.[0]) {
    case "HOST":
    case "HOSTNAME":
    case "SERVER":
      return store.name;
    case "USER":
    case "USERNAME":
      return user ?? plain(url?.user);
    case "PASS":
    case "PASSWORD":
      return password ?? given?.password;
    case "NAME":
      return database ?? plain(url?.database) ?? user;
    case "URL":
    case "URI":
    case "DSN":
      return raw;
    default:
      return undefined;
  }
}

function replaceVariables(
  stack: Stack,
  service: Service,
  old: readonly Variable[],
  lines: readonly (readonly [string, string])[],
): Edit[] | undefined {
  const node = ownPair(stack, service, "environment")?.value;
  const source = node && sourceOf(stack, node.at.file);
  if (!source || node.kind === "scalar" || node.flow) return undefined;
  const list = node.kind === "seq";
  const written = lines.map(([name, value]) =>
    list ? scalarText(`${name}=${value}`) : `${name}: ${scalarText(value)}`,
  );
  const edits: Edit[] = [];
  for (const [index, variable] of old.entries()) {
    const at = list
      ? itemsOf(node).find(item => item.at.span.start === variable.at.span.start)?.at
      : pairOf(node, variable.name)?.at;
    if (!at || at.span.start !== variable.at.span.start || !endsLine(source, at.span.end)) return undefined;
    const edit = index === 0 ? inPlace(source, at.span, written) : takenOut(source, at.span);
    if (!edit) return undefined;
    edits.push(edit);
  }
  return edits;
}

function inPlace(
  source: Source,
  span: { start: number; end: number },
  lines: readonly string[],
): Edit | undefined {
  const before = source.text.slice(lineStartOf(source, span.start), span.start);
  if (!/^ *(?:- +)?$/.test(before)) return undefined;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  return { at: locate(source, span.start, span.end), text: lines.join(eol + before) };
}

function takenOut(source: Source, span: { start: number; end: number }): Edit | undefined {
  const start = lineStartOf(source, span.start);
  if (!/^ *(?:- +)?$/.test(source.text.slice(start, span.start))) return undefined;
  const newline = source.text.indexOf("\n", span.end);
  return withoutLines(source, start, newline === -1 ? source.text.length : newline + 1);
}
