import type { Script } from "../../artifacts/script.ts";
import { basename } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { assignedBy, variablesOf } from "../../formats/shell.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { shownEnvFile } from "../../stack/query-env-examples.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/env-precedence",
  title: "What a script is called with is not overwritten by its env file",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "The script works with another domain, target or password than the one it was told, and says nothing.",
  *check(stack) {
    for (const script of stack.scripts) {
      for (const call of script.calls) {
        if (call.kind !== "program" || call.runs !== "sourced" || call.via !== undefined) continue;
        if (call.command.within.some(({ construct }) => !["if", "group"].includes(construct.kind))) continue;
        const path = call.file?.value;
        const shown = path === undefined ? undefined : shownEnvFile(stack, path);
        if (!shown) continue;
        const found = takenBefore(script, call.at, call.command.index).flatMap(taken => {
          const entry = shown.entries.find(each => each.name.value === taken.name);
          if (!entry || entry.inherited || entry.value.value === "") return [];
          return entry.references.some(each => each.name === taken.name) ? [] : [{ ...taken, entry }];
        });
        const [first] = found;
        if (!first) continue;
        yield {
          subject: script.file,
          message: `${script.file} takes ${listNames(found.map(each => each.name))} from its caller, and then loads ${basename(path!)}, which sets ${found.length === 1 ? "it" : "them"} too: what the caller said is lost.`,
          evidence: [
            evidence(call.at, "overwrites what the caller gave"),
            ...found.map(each => evidence(each.at, `takes ${each.name} from the caller`)),
            ...found.map(each => evidence(each.entry.name.at, `${each.name} is set here too`)),
          ],
        };
      }
    }
  },
});

interface Taken {
  readonly name: string;
  readonly at: Location;
}

/** Variables that the script takes from its caller before a place, uses after it, and does not set again. */
function takenBefore(script: Script, place: Location, index: number): Taken[] {
  const { text } = script.source;
  const reads = [...variablesOf(script.script)];
  const taken = [...byDefault(script, index), ...byUsage(script)];
  return taken.filter(({ name }, i) => {
    if (taken.findIndex(each => each.name === name) !== i) return false;
    const again = script.script.commands.some(
      command => command.index > index && assignedBy(command).some(each => each.name === name),
    );
    const used = reads.some(part => part.name === name && part.at.span.start > place.span.end);
    // `if [ -z "$X" ]; then . .env; fi` keeps what was given.
    const asked = script.script.commands[index]?.within.some(({ construct }) =>
      text.slice(construct.at.span.start, place.span.start).includes(name),
    );
    return used && !again && !asked;
  });
}

/** `X=${X:-default}`. */
function byDefault({ script }: Script, index: number): Taken[] {
  return script.commands.slice(0, index).flatMap(command =>
    assignedBy(command).flatMap(({ name, value }) => {
      const own = value.parts.some(
        part => part.kind === "variable" && part.name === name && /^:?-$/.test(part.operator ?? ""),
      );
      return own && value.parts.length === 1 ? [{ name, at: command.at }] : [];
    }),
  );
}

/** A usage text: `X=value ./script.sh`. */
function byUsage({ source, file }: Script): Taken[] {
  const name = basename(file).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const usage = new RegExp(
    `\\b([A-Z][A-Z0-9_]*)=[^\\s"';|&]+[ \\t]+(?:bash[ \\t]+)?(?:[\\w./-]*/)?${name}\\b`,
    "g",
  );
  return [...source.text.matchAll(usage)].map(match => {
    const end = match.index + match[0].length;
    return { name: match[1]!, at: { file, span: { start: match.index, end } } };
  });
}
