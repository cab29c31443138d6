import type { Argument } from "../artifacts/commands.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { ShellScript } from "../formats/shell.ts";
import type { MissingTarget } from "../stack/query-targets.ts";
import type { Stack } from "../stack/stack.ts";

/**
 * Puts the name that production creates in place of one that it does not. Undefined when more than one service may be
 * meant, when the name on the engine is not written anywhere, or when the script gets it from a variable.
 */
export function targetFix(stack: Stack, missing: MissingTarget): Fix | undefined {
  const [service, ...others] = missing.instead;
  if (!service || others.length > 0) return undefined;
  const name = missing.what === "service" ? service.name : service.containerName?.text;
  if (name === undefined || !/^[\w.-]+$/.test(name)) return undefined;
  const edits = missing.addressed.map((arg, index): Edit | undefined => {
    const written = sourceOf(stack, arg.at.file)?.text.slice(arg.at.span.start, arg.at.span.end);
    const bare = written?.replace(/^["']|["']$/g, "");
    if (bare === missing.name) return { at: arg.at, text: written!.replace(bare, name) };
    return assignmentEdit(missing.places[index]!.call.script, arg, missing.name, name);
  });
  if (edits.some(edit => edit === undefined)) return undefined;
  return {
    title: `Address ${missing.what} "${name}"`,
    grade: "needs-testing",
    edits: distinct(edits.filter(edit => edit !== undefined)),
    test: `Run ${basename(missing.addressed[0]!.at.file)} where "${name}" runs, and look at what it did.`,
  };
}

/** `NAME="old"` at the top of the script, when that is the only place that gives the variable a value. */
function assignmentEdit(script: ShellScript, arg: Argument, old: string, name: string): Edit | undefined {
  const [part, ...others] = arg.word.parts;
  if (part?.kind !== "variable" || part.operator !== undefined || others.length > 0) return undefined;
  const given = script.commands.flatMap(command =>
    command.assignments.filter(each => each.name === part.name),
  );
  const [one, ...more] = given;
  if (!one || more.length > 0 || one.value.value !== old) return undefined;
  return { at: one.value.at, text: one.value.text.replace(old, () => name) };
}

function distinct(edits: readonly Edit[]): Edit[] {
  return edits.filter(
    (edit, index) =>
      edits.findIndex(
        other => other.at.file === edit.at.file && other.at.span.start === edit.at.span.start,
      ) === index,
  );
}
