import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { pairOf, type YamlNode } from "../formats/yaml.ts";
import { listPlain } from "../stack/query.ts";
import { appAnswer, httpProbe } from "../stack/query-health.ts";
import type { Service, Stack } from "../stack/stack.ts";
import { appProbe, getCommand } from "./app-probe.ts";
import { addToService } from "./service-edit.ts";
import { storeProbe } from "./store-probe.ts";

/** A health check that the container can run, and that fails when the service does not serve. */
export interface Probe {
  /** `exec`: a program with its arguments; `shell`: one line for the image's shell. */
  readonly form: "exec" | "shell";
  readonly words: readonly string[];
  /** What it asks, for people: "GET /health at port 8000". */
  readonly asks: string;
  /** Seconds. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly retries: number;
}

/** The health check for what a service runs; undefined unless tool, port and answer are known. */
export function probeFor(stack: Stack, service: Service): Probe | undefined {
  return service.build && service.kind === "app" ? appProbe(stack, service) : storeProbe(stack, service);
}

/** The value of `healthcheck.test`. A dollar is doubled: the container's shell is to see it. */
export function composeTest({ form, words }: Probe): string {
  const quoted = words.map(word => quote(word.replaceAll("$", "$$$$")));
  return `[${[form === "exec" ? '"CMD"' : '"CMD-SHELL"', ...quoted].join(", ")}]`;
}

/** In the quotes that need no backslashes, where there are some. */
function quote(text: string): string {
  return text.includes('"') && !text.includes("'") ? `'${text}'` : JSON.stringify(text);
}

/** What follows `HEALTHCHECK ... CMD` in a Dockerfile. */
export function dockerfileTest({ form, words }: Probe): string {
  return form === "shell" ? words[0]! : `[${words.map(word => JSON.stringify(word)).join(", ")}]`;
}

/** The lines of a service's `healthcheck` key. */
export function healthcheckLines(probe: Probe): string[] {
  return [
    "healthcheck:",
    `  test: ${composeTest(probe)}`,
    `  interval: ${probe.interval}s`,
    `  timeout: ${probe.timeout}s`,
    `  retries: ${probe.retries}`,
    `  start_period: ${probe.startPeriod}s`,
  ];
}

/** Gives a service that has no health check one; undefined where none is known or the place is not the service's own. */
export function addHealthcheck(stack: Stack, service: Service): Edit | undefined {
  if (service.healthcheck || service.get("healthcheck")) return undefined;
  const probe = probeFor(stack, service);
  return probe && addToService(stack, service, healthcheckLines(probe), []);
}

/** What to try after a health check was added or changed. */
export function probeTest(names: readonly string[]): string {
  return `Start the stack, wait until \`docker compose ps\` calls ${listPlain(names)} healthy, then stop the program inside and see it turn unhealthy.`;
}

/**
 * Puts a command that the image can run in place of a health check's own, where it stands: the same request when it
 * makes one, else what is known to tell that the service serves.
 */
export function replaceProbe(stack: Stack, service: Service): Fix | undefined {
  const probe = sameRequest(stack, service) ?? probeFor(stack, service);
  const check = service.healthcheck;
  if (!probe || !check?.command) return undefined;
  const edit =
    check.from === "dockerfile"
      ? replaceInDockerfile(stack, check.command.at, dockerfileTest(probe))
      : replaceTest(stack, service, composeTest(probe));
  if (!edit) return undefined;
  return {
    title: `Check ${probe.asks} with a program of the image`,
    grade: "needs-testing",
    edits: [edit],
    test: probeTest([service.name]),
  };
}

/** What follows CMD of a HEALTHCHECK instruction, whose place is given. */
function replaceInDockerfile(stack: Stack, instruction: Location, text: string): Edit | undefined {
  const source = sourceOf(stack, instruction.file);
  const { start, end } = instruction.span;
  const old = source?.text.slice(start, end) ?? "";
  const head = /^HEALTHCHECK(?:(?:\s|\\\r?\n)+--[^\s\\]+)*(?:\s|\\\r?\n)+CMD(?:\s|\\\r?\n)+/i.exec(old)?.[0];
  if (!source || head === undefined || /\n\s*#/.test(old)) return undefined;
  return { at: locate(source, start + head.length, end), text };
}

/** Puts a flow list in place of the value of `healthcheck.test`, whatever its form; undefined where that loses a comment. */
function replaceTest(stack: Stack, service: Service, text: string): Edit | undefined {
  const pair = pairOf(service.get("healthcheck"), "test");
  const source = pair && sourceOf(stack, pair.value.at.file);
  if (!source || pair.key.at.file !== source.path || !ownedAlone(stack, service, pair.value))
    return undefined;
  const at = locate(source, pair.key.at.span.end, pair.value.at.span.end);
  const old = source.text.slice(at.span.start, at.span.end);
  return old.startsWith(":") && !/(?:^|\s)#/.test(old) ? { at, text: `: ${text}` } : undefined;
}

/** What several services have from one place may only change when they run the same image. */
function ownedAlone(stack: Stack, service: Service, node: YamlNode): boolean {
  const imageOf = (each: Service) => each.build?.dockerfilePath ?? each.image?.text;
  return stack.services.every(other => {
    const at = other.get("healthcheck", "test")?.at;
    const same = at?.file === node.at.file && at.span.start === node.at.span.start;
    return !same || imageOf(other) === imageOf(service);
  });
}

/** What a check that calls an absent program asks for, with another program. */
function sameRequest(stack: Stack, service: Service): Probe | undefined {
  const request = httpProbe(service);
  if (request?.scheme !== "http" || appAnswer(stack, service, request.path)?.answer === "no")
    return undefined;
  // The wget of BusyBox tries one address of localhost, often the one of IPv6; Django looks at the name that is asked for.
  const host =
    request.host === "localhost" && service.component?.kind !== "django" ? "127.0.0.1" : request.host;
  const words = getCommand(service, request.port, request.path, host);
  const asks = `GET ${request.path} at port ${request.port}`;
  return words && { form: "exec", words, asks, interval: 30, timeout: 5, retries: 3, startPeriod: 30 };
}
