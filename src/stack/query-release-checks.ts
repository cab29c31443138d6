import type { Call } from "../artifacts/commands.ts";
import type { Construct, ShellCommand } from "../formats/shell.ts";
import { printsOnly } from "./query-exit-status.ts";
import { onlySpeaks, type ReleaseRun, wordsOf } from "./query-release.ts";

/** What a release looks at behind its start, and whether that can fail. */

/** Commands behind the first start whose status or output is meant to say whether the release works. */
export function checksAfterStart({ calls, starts }: ReleaseRun): Call[] {
  const behind = calls.slice(calls.indexOf(starts[0]!) + 1);
  return behind.filter(call => {
    if (call.name === "grep") return listedBy(call, calls) !== undefined;
    if (call.kind === "docker") return call.verb === "inspect";
    if (call.kind === "docker-exec" || (call.kind === "compose" && call.exec !== undefined))
      // A migration that is tried is work, not a look at the release.
      return isCondition(call.command) && !work.test(wordsOf(call));
    return isProbe(call) && !endsInFailure(call);
  });
}

const work =
  /\b(?:migrat\w*|goose|alembic|flyway|liquibase|db:\w+|upgrade|seed\w*|collectstatic|createsuperuser)\b/;

/** What is printed on the way to `exit 1` is no test any more. */
function endsInFailure({ command, script }: Call): boolean {
  return script.commands
    .slice(command.index + 1)
    .some(
      each =>
        each.name?.value === "exit" &&
        Number(each.words[1]?.value ?? 0) > 0 &&
        each.within.length <= command.within.length &&
        each.within.every(
          (step, index) =>
            step.construct === command.within[index]!.construct && step.part === command.within[index]!.part,
        ) &&
        script.commands[each.index - 1]?.connector !== "||",
    );
}

function isProbe(call: Call): boolean {
  if (call.kind !== "http" || call.via === "substitution" || call.command.connector === "|") return false;
  const sends = call.flags.some(flag =>
    /^(-X|--request|-d|--data.*|-F|--form|-w|--write-out|-T)$/.test(flag.name),
  );
  return (
    !sends && call.urls.some(url => /localhost|127\.0\.0\.1|health|ready|status|\/ping/i.test(url.word.text))
  );
}

/** The command whose output goes into this one. */
function before(call: Call): ShellCommand | undefined {
  const { command, script } = call;
  return command.stage === 0
    ? undefined
    : script.commands.find(each => each.pipeline === command.pipeline && each.stage === command.stage - 1);
}

/** What is named behind the `ps` whose output goes into this call; undefined where something else is searched. */
export function listedBy(call: Call, calls: readonly Call[]): readonly string[] | undefined {
  const command = before(call);
  const lister = command && calls.find(each => each.command === command);
  if (lister?.kind === "compose" && lister.subcommand === "ps")
    return lister.services.map(({ word }) => word.text);
  const words = command?.words.map(word => word.text) ?? [];
  const program = words[0] === "sudo" ? words[1] : words[0];
  if (!/^(docker|docker-compose|podman)$/.test(program ?? "") || !words.includes("ps")) return undefined;
  return words.slice(words.indexOf("ps") + 1).filter(word => !word.startsWith("-"));
}

export function isCondition(command: ShellCommand): boolean {
  return command.within.at(-1)?.part === "condition";
}

/** `if probe; then echo fine; else echo broken; fi`: no branch changes what happens next. */
export function harmlessElse(call: Call, calls: readonly Call[]): string | undefined {
  const step = call.command.within.at(-1);
  if (step?.part !== "condition" || step.construct.kind !== "if" || call.command.negated) return undefined;
  const inside = (construct: Construct) =>
    call.script.commands.filter(each => each.within.some(other => other.construct === construct));
  const branches = inside(step.construct).filter(
    each => !each.within.some(other => other.construct === step.construct && other.part === "condition"),
  );
  // Tried again and again, and nothing behind the last try ends with an error.
  const retried = call.command.within.some(({ construct }) => /^(?:for|while|until)$/.test(construct.kind));
  if (retried && behind(call).some(each => failing.test(each.name?.value ?? ""))) return undefined;
  // `READY=true`, and what is asked behind the loop.
  const flags = branches.flatMap(each =>
    each.words.length === 0 ? each.assignments.map(({ name }) => name) : [],
  );
  if (retried && behind(call).some(each => mentions(each, flags))) return undefined;
  const harmless = branches.every(each => {
    const own = calls.find(other => other.command === each);
    const name = each.name?.value ?? "?";
    return (
      onlySpeaks({ name }) ||
      printsOnly(call.script, name) ||
      (own !== undefined && looksAtLogs(own)) ||
      (retried && (each.words.length === 0 || /^(?:break|continue|\[|\[\[|\(\(|test|let)$/.test(name)))
    );
  });
  return harmless ? "both outcomes end the same way" : undefined;
}

const failing = /^(?:exit|return|false|die|fail\w*|error\w*|abort\w*|rollback\w*)$/;

function mentions({ words }: ShellCommand, names: readonly string[]): boolean {
  return words.some(word => word.parts.some(part => part.kind === "variable" && names.includes(part.name)));
}

function behind({ command, script }: Call): readonly ShellCommand[] {
  return script.commands.slice(command.index + 1);
}

/** `docker compose logs`, `docker logs`: shows what went wrong, and changes nothing. */
function looksAtLogs(call: Call): boolean {
  return call.kind === "compose"
    ? ["logs", "ps"].includes(call.subcommand ?? "")
    : call.kind === "docker" && /^(?:logs|ps)$/.test(call.verb);
}
