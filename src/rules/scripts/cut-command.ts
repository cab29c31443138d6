import type { Evidence } from "../../core/finding.ts";
import type { ShellScript } from "../../formats/shell.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { mainScript } from "../../stack/query-main-script.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/cut-command",
  title: "A command that goes on in the next line has nothing behind its backslash",
  claim: "configured-completely",
  severity: "medium",
  why: "A blank behind the backslash ends the command there: it runs without the options below, and those are run as a command of their own, which nobody knows.",
  *check(stack) {
    const told = new Set<ShellScript>();
    for (const { script, file } of [...stack.scripts, ...stack.calls.map(scriptOf)]) {
      if (told.has(script)) continue;
      told.add(script);
      const places: Evidence[] = [];
      for (const [index, { words, connector }] of script.commands.entries()) {
        const last = words.at(-1);
        const next = script.commands[index + 1]?.name;
        if (connector !== "\n" || words.length < 2 || !last || !next?.text.startsWith("-")) continue;
        if (!/^\\[ \t]+$/.test(last.text)) continue;
        places.push(evidence(next.at, "is cut off from the command above, by a blank behind its backslash"));
      }
      const [first, ...more] = places;
      if (!first) continue;
      const starts = startedBy(stack, script);
      yield {
        subject: file,
        message: `A command of ${file} ends at a backslash with a blank behind it: the options below are not its own${starts ? `, and "${starts.name}" starts with it` : ""}.`,
        evidence: [first, ...more],
        severity: starts ? weigh(starts, "high") : "medium",
      };
    }
  },
});

function scriptOf({ call, caller }: Stack["calls"][number]) {
  return { script: call.script, file: caller.file };
}

function startedBy(stack: Stack, script: ShellScript) {
  return serverServices(stack).find(service => mainScript(stack, service)?.script === script);
}
