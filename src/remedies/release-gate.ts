import type { Call } from "../artifacts/commands.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { failAgain } from "../formats/shell-edit.ts";
import { endOf } from "../stack/query-release.ts";

/** Why a test of a release cannot fail, for those that an edit mends. */
export const faults = {
  acceptsErrors: "without `--fail` an error page is a success too",
  foundInUnhealthy: "`healthy` is found in `unhealthy` too",
  ignored: "its failure is ignored",
  answeredByProxy: "the proxy answers it by itself, whatever the programs behind it do",
} as const;

/** Undefined for a check that looks at too little: what would be enough is for a person to say. */
export function gateFix(faulty: readonly { readonly call: Call; readonly fault: string }[]): Fix | undefined {
  const edits = faulty.map(({ call, fault }) => gateEdit(call, fault));
  if (edits.some(edit => edit === undefined)) return undefined;
  return {
    title: "Let the test of the release fail",
    grade: "needs-testing",
    edits: edits.filter(edit => edit !== undefined),
    test: "Run it against a release that does not serve: it has to end with an error.",
  };
}

function gateEdit(call: Call, fault: string): Edit | undefined {
  const next = call.script.commands[call.command.index + 1];
  if (fault === faults.ignored) return next && failAgain(call.command, next);
  const name = call.command.name;
  if (fault === faults.acceptsErrors && name?.value === "curl" && call.name === "curl")
    return { at: endOf(name.at), text: " --fail" };
  const pattern = call.args.find(arg => !arg.word.text.startsWith("-"));
  // Docker writes the state in brackets; for a basic expression they stand for themselves.
  const basic = !call.args.some(arg => /^-[a-zA-Z]*[EP]|^--(extended|perl)/.test(arg.word.text));
  return fault === faults.foundInUnhealthy && pattern?.value === "healthy" && basic
    ? { at: pattern.at, text: '"(healthy)"' }
    : undefined;
}
