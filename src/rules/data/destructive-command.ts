import type { Call, ComposeCall } from "../../artifacts/commands.ts";
import type { Severity, Violation } from "../../core/finding.ts";
import { together } from "../../core/group.ts";
import { basename } from "../../core/path.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { asksFirst } from "../../stack/query-asks.ts";
import {
  emptiesAtRelease,
  emptying,
  isThrownAway,
  keepsNothing,
  tellsAll,
} from "../../stack/query-emptying.ts";
import { placeOf } from "../../stack/query-process.ts";
import {
  callerName,
  commandPlace,
  isWorkstationCall,
  projectsOfCall,
  worksForWork,
} from "../../stack/query-scripts.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const testWords = /(^|[^a-z])(tests?|ci|e2e|integration|dev|local|sandbox|demo|bench|lint|smoke)([^a-z]|$)/i;
const testRun = /(^|[^a-z])(tests?|e2e|integration|bench|smoke)([^a-z]|$)/i;

export default defineRule({
  id: "data/destructive-command",
  title: "No routine command deletes production data without asking",
  claim: "data-survives-redeploy",
  severity: "high",
  why: "One call in the wrong directory, or one run of the deployment, deletes the volumes with everything in them.",
  check: stack =>
    stack.services.some(service => service.project.grade === "deployed")
      ? together([...atStart(stack), ...inScripts(stack)])
      : [],
});

function* inScripts(stack: Stack): Iterable<Violation> {
  for (const placed of stack.calls) {
    const emptied = emptiesAtRelease(stack, placed);
    if (emptied)
      yield {
        subject: `${callerName(placed)}: ${emptied}`,
        message: `${callerName(placed)} runs \`${emptied}\` on the server at every release: all that the application has stored is deleted.`,
        evidence: [evidence(commandPlace(placed.call), "empties the database")],
        severity: "critical",
      };
    const what = destruction(placed.call);
    if (!what || isForTests(stack, placed) || asksFirst(stack, placed)) continue;
    if (what.command === "docker volume prune" && !placed.deploys) continue;
    if (what.command === "docker compose down -v" && keepsNothing(stack, placed)) continue;
    yield {
      subject: `${callerName(placed)}: ${what.command}`,
      message: `${callerName(placed)} runs \`${what.command}\` and asks nobody: it ${what.effect}.`,
      evidence: [evidence(commandPlace(placed.call), what.effect)],
      severity: severityOf(stack, placed, what),
    };
  }
}

/** Prisma asks before it drops columns and tables with data; these options answer for you, at every start. */
function* atStart(stack: Stack): Iterable<Violation> {
  const seen = new Set<string>();
  for (const service of serverServices(stack)) {
    for (const words of service.process?.commands ?? []) {
      const text = words.map(word => word.value ?? "?").join(" ");
      const option = /\bprisma db push\b.* (--accept-data-loss|--force-reset)\b/.exec(text)?.[1];
      const emptied = option === undefined ? emptying(text) : undefined;
      const key = `${words[0]!.at.file}:${words[0]!.at.span.start}`;
      const command = option ? `prisma db push ${option}` : emptied;
      if (command === undefined || seen.has(key)) continue;
      seen.add(key);
      const all = option !== "--accept-data-loss";
      const effect = all ? "empties the database" : "drops columns and tables that the schema no longer has";
      yield {
        subject: `${service.name}: ${emptied ?? "prisma db push"}`,
        message: `"${service.name}" runs \`${command}\` at every start and asks nobody: it ${effect}, with what is in them.`,
        evidence: [evidence(placeOf(words), effect)],
        severity: weigh(service, all ? "critical" : "high"),
      };
    }
  }
}

/** What the next build makes again; options are no names. */
const madeAnew =
  /^-|^(?:volume|rm)$|(?:^|[-_])(?:dist|static(?:files)?|build|assets?|node_modules|cache|frontend)(?:[-_]data)?$/i;

interface Destruction {
  readonly command: string;
  readonly effect: string;
  /** Spares named volumes on newer engines. */
  readonly partial?: true;
}

function destruction(call: Call): Destruction | undefined {
  if (call.kind === "compose") {
    if (call.subcommand === "down" && call.volumes)
      return { command: "docker compose down -v", effect: "deletes the project's volumes" };
    return undefined;
  }
  if (call.kind === "docker") {
    const all = call.flags.some(flag => /^(-a|--all)$/.test(flag.name));
    if (call.verb === "system prune" && call.flags.some(flag => flag.name === "--volumes"))
      return {
        command: "docker system prune --volumes",
        effect: "deletes volumes that no container uses, before Docker 23 also named ones",
        partial: true,
      };
    if (call.verb === "volume prune" && all)
      return { command: "docker volume prune -a", effect: "deletes every volume that no container uses" };
    if (call.verb === "volume prune")
      return {
        command: "docker volume prune",
        effect: "deletes volumes that no container uses, before Docker 23 also named ones",
        partial: true,
      };
    if (call.verb === "volume rm" && call.args.some(arg => !madeAnew.test(arg.value ?? arg.word.text)))
      return { command: "docker volume rm", effect: "deletes volumes" };
    return undefined;
  }
  if (call.name === "dropdb") return { command: "dropdb", effect: "drops a database" };
  if (call.kind !== "database") return undefined;
  const sql = call.statement?.value ?? call.statement?.word.text ?? "";
  const drop = /\bdrop\s+(database|schema)\b/i.exec(sql);
  return drop ? { command: drop[0], effect: `drops a ${drop[1]!.toLowerCase()}` } : undefined;
}

/** Made for a workstation or a test run, by its name, its project or the machine that it runs on. */
function isForTests(stack: Stack, placed: PlacedCall): boolean {
  const { call, caller } = placed;
  if (isWorkstationCall(placed) || worksForWork(stack, placed)) return true;
  if (caller.kind === "script" && testRun.test(basename(caller.file))) return true;
  // A restore replaces what is there, and who goes back to an older state restores.
  const task = `${caller.name ?? ""} ${call.function ?? call.command.of ?? ""}`;
  if (/restor/i.test(caller.file) || /restor|roll_?-?back/i.test(task) || isThrownAway(placed)) return true;
  if (call.kind !== "compose") return testWords.test(call.args.map(arg => arg.word.text).join(" "));
  if (call.project && testWords.test(call.project.word.text)) return true;
  const projects = projectsOfCall(stack, placed as PlacedCall & { readonly call: ComposeCall });
  return projects.length === 0 || projects.every(project => project.grade === "development");
}

function severityOf(stack: Stack, placed: PlacedCall, what: Destruction): Severity {
  if (placed.deploys) return what.partial ? "medium" : "high";
  if (tellsAll(stack, placed)) return "low";
  return placed.caller.kind === "makefile" && !what.partial ? "medium" : "low";
}
