import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { containerScript, evidence, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { isMigration, migrates, onlySpeaks } from "../../stack/query-release.ts";
import type { Process, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/failed-migration",
  title: "A container whose migration failed does not serve",
  claim: "migrates-safely",
  severity: "medium",
  why: "The new code runs on the old schema: the release looks done, and every request that needs the change fails.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const found = migrationOf(stack, service);
      if (!found || !first(found.at)) continue;
      if (found.stops) {
        yield { subject: service.name, kept: evidence(found.at, "a failure ends the start") };
        continue;
      }
      yield {
        subject: service.name,
        message: `"${service.name}" starts its server also when the migration before it has failed.`,
        severity: weigh(service, "medium"),
        evidence: [
          evidence(found.at, "its failure is ignored"),
          ...(found.next ? [evidence(found.next, "started all the same")] : []),
        ],
      };
    }
  },
});

interface Found {
  readonly at: Location;
  readonly next?: Location;
  readonly stops: boolean;
}

/** The migration among the commands of a start, when what follows stands in the same text. */
function migrationOf(stack: Stack, service: Service): Found | undefined {
  const { process } = service;
  const commands = process?.commands ?? [];
  const index = commands.findIndex(words => isMigration(words.map(word => word.value ?? "?").join(" ")));
  const [own, next] = [commands[index], commands[index + 1]];
  if (process && (!own || (next?.[0] && next[0].at.file !== own[0]?.at.file)))
    return inEntryScript(stack, service);
  if (!process || !own?.[0] || !next?.[0]) return undefined;
  const at = spanOf(own);
  const then = next[0].at;
  const text = sourceOf(stack, at.file)?.text;
  if (text !== undefined && then.file === at.file && then.span.start === at.span.start)
    return inOneText(text.slice(text.lastIndexOf("\n", at.span.start) + 1, at.span.end), at);
  if (text === undefined || then.file !== at.file || then.span.start < at.span.end) return undefined;
  const between = text.slice(at.span.end, then.span.start);
  const line = text.slice(text.lastIndexOf("\n", at.span.start) + 1, at.span.start);
  if (!/\S/.test(line) && spokenOver.test(between))
    return /\$\?|\b(?:if|then|do|fi|done|else|exit|until|while)\b/.test(between.replace(spokenOver, ""))
      ? undefined
      : { at, next: spanOf(next), stops: false };
  // A condition, a loop, or what looks at the status.
  if (
    /\b(?:if|until|while|then|do)\b|!\s*$/.test(line) ||
    /\|\||\$\?|\b(?:then|do|fi|done|else)\b/.test(between)
  )
    return undefined;
  if (/&&/.test(between))
    return { at, next: spanOf(next), stops: !isForgiven(text.slice(at.span.end, at.span.end + 800)) };
  if (!/[;\n]/.test(between)) return undefined;
  return { at, next: spanOf(next), stops: stopsAtErrors(process, text.slice(0, at.span.start)) };
}

/** `migrate || echo "..."` on a line of its own: what comes below runs all the same. */
const spokenOver = /^[ \t]*\|\|[ \t]*(?:echo|printf|true|:)(?![\w-])(?:"[^"\n`$]*"|[^\n"&|;(){}`\\])*\n/;

/** `migrate || echo "..."` in an entry script that is too long to be followed as a whole. */
function inEntryScript(stack: Stack, service: Service): Found | undefined {
  const path = (service.entrypoint ?? service.model?.entrypoint)?.words[0]?.value;
  const script = path === undefined ? undefined : containerScript(stack.scripts, stack.files, service, path);
  const found = stack.calls.find(
    ({ call }) => call.script === script && migrates(call) && call.command.within.length === 0,
  )?.call;
  if (!script || found?.command.connector !== "||") return undefined;
  const [said, next] = script.commands.slice(found.command.index + 1, found.command.index + 3);
  if (
    !said ||
    !next ||
    !onlySpeaks({ name: said.name?.value ?? "?" }) ||
    /^(?:&&|\|\||\|)$/.test(said.connector)
  )
    return undefined;
  return { at: found.at, stops: false };
}

/** A command line whose words have one place: `sh -c "a; b"`, the shell form of a Dockerfile. */
function inOneText(line: string, at: Location): Found | undefined {
  // A list goes on in the next line.
  const parts = line.replace(/(&&|\|\|)[ \t]*\r?\n/g, "$1 ").split(/(&&|\|\||[;\n])/);
  const index = parts.findIndex(part => isMigration(part));
  const [own = "", mark = "", next = ""] = parts.slice(index, index + 3);
  if (index === -1 || next.trim() === "" || /\b(?:if|until|while|then|do)\b|!\s*$/.test(own))
    return undefined;
  if (mark === "&&") return { at, stops: !isForgiven(parts.slice(index + 1).join("")) };
  const [after = "", later = ""] = parts.slice(index + 3, index + 5);
  if (mark === "||" && /^\s*(?:echo|true|:)(?:\s[^(){}]*)?$/.test(next) && /^(?:;|&&)$/.test(after))
    return /^\s*(?:exit|false|then|do|fi|done|else)\b/.test(later) ? undefined : { at, stops: false };
  if (mark !== ";" || /^\s*(?:then|do|fi|done|else)\b|\$\?/.test(next)) return undefined;
  return { at, stops: /\bsh["', ]+-\w*e|\bset\s+-\w*e/.test(parts.slice(0, index + 1).join("")) };
}

/** `migrate && collect && seed || true && serve`: the `||` stands for all before it, and the server comes after. */
function isForgiven(rest: string): boolean {
  const whole = rest.split(/;|"[ \t]*(?:\r?\n|$)/, 1)[0]!;
  const list = /[(){}]/.test(whole) ? [] : whole.split(/(&&|\|\|)/);
  const index = list.indexOf("||");
  return index !== -1 && /^\s*(?:true|:|echo)\b/.test(list[index + 1]!) && list[index + 2] === "&&";
}

function stopsAtErrors({ text }: Process, before: string): boolean {
  return /\bset\s+-\w*e|\berrexit\b|^#!.*sh\s+-\w*e/m.test(before) || /\bsh\s+-\w*e|\bset\s+-\w*e/.test(text);
}

function spanOf(words: readonly { readonly at: Location }[]): Location {
  const [first, last] = [words[0]!.at, words.at(-1)!.at];
  return first.file === last.file && first.span.start <= last.span.end
    ? { file: first.file, span: { start: first.span.start, end: last.span.end } }
    : first;
}
