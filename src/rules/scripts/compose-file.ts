import type { ComposeCall } from "../../artifacts/commands.ts";
import { dirname, isOutside } from "../../core/path.ts";
import { filesOf } from "../../stack/calls.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { callerName, commandPlace, isBackupWork, isWorkstationCall } from "../../stack/query-scripts.ts";
import type { ComposeProject, PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/compose-file",
  title: "Every Compose command finds its file",
  claim: "failure-is-noticed",
  severity: "medium",
  why: 'Compose ends with "no configuration file provided": what the script was to do is not done.',
  *check(stack) {
    const told = new Set<string>();
    let excused: boolean | undefined;
    for (const placed of stack.calls) {
      const { call, caller } = placed;
      if (call.kind !== "compose" || told.has(caller.file)) continue;
      const projects = unnamed(stack, placed as PlacedCall & { readonly call: ComposeCall });
      if (projects.length === 0 || isWorkstationCall(placed)) continue;
      excused ??= namesDefault(stack);
      if (excused) return;
      told.add(caller.file);
      const files = [...new Set(projects.flatMap(project => project.files))];
      yield {
        subject: caller.file,
        message: `${callerName(placed)} calls Compose without -f, and there is no file of a usual name: only ${listNames(files)}.`,
        severity: isBackupWork(placed) || placed.deploys ? "high" : "medium",
        confidence: "likely",
        evidence: [
          evidence(commandPlace(call), "finds no Compose file"),
          evidence(projects[0]!.services[0]!.at, "stands in a file that has to be named"),
        ],
        fix: () => {
          const [only, ...more] = projects;
          if (!only || more.length > 0) return undefined;
          return nameIt(stack, caller.file, only);
        },
      };
    }
  },
});

const free = new Set(["version", "ls", "help"]);

/** The deployed projects beside a call that names no file and finds none; empty where that is not certain. */
function unnamed(stack: Stack, placed: PlacedCall & { readonly call: ComposeCall }): ComposeProject[] {
  const { call, caller } = placed;
  if (call.files.length > 0 || call.projectDirectory || call.project || call.remote) return [];
  if (call.subcommand === undefined || free.has(call.subcommand)) return [];
  if (caller.kind === "workflow" || call.environment.some(each => each.name === "COMPOSE_FILE")) return [];
  if (filesOf(call, placed, stack.calls, stack.files).length > 0) return [];
  const inside = call.cwd !== undefined && !isOutside(call.cwd) && !/^[~/]/.test(call.cwd) ? [call.cwd] : [];
  const places = new Set([...inside, "", dirname(caller.file)]);
  return stack.projects.filter(
    project =>
      project.grade === "deployed" &&
      project.services.length > 0 &&
      places.has(project.directory) &&
      project.files.every(file => dirname(file) === project.directory),
  );
}

/** Something makes or names a file of a usual name, or tells Compose which to read. */
function namesDefault(stack: Stack): boolean {
  const usual = /(?<![\w.-])(?:docker-)?compose\.ya?ml\b|COMPOSE_FILE/;
  const texts = [...stack.sources.values()].filter(
    ({ path }) => !stack.projects.some(project => project.files.includes(path)),
  );
  if (texts.some(({ text }) => usual.test(text))) return true;
  const ignored = stack.files.has(".gitignore") === "file" ? stack.files.read(".gitignore") : undefined;
  return ignored !== undefined && "source" in ignored && /compose/.test(ignored.source.text);
}

function nameIt(stack: Stack, file: string, project: ComposeProject) {
  const calls = stack.calls.filter(
    placed =>
      placed.caller.file === file &&
      placed.call.kind === "compose" &&
      unnamed(stack, placed as PlacedCall & { readonly call: ComposeCall }).length > 0,
  );
  const edits = calls.flatMap(({ call }) => {
    const words = call.command.words;
    const word = words.find(each => each.value === "compose" || each.value === "docker-compose");
    if (!word) return [];
    const end = word.at.span.end;
    const text = project.files.map(each => ` -f ${each}`).join("");
    return [{ at: { ...word.at, span: { start: end, end } }, text }];
  });
  if (edits.length === 0) return undefined;
  return {
    title: `Name ${project.files.join(" and ")}`,
    grade: "needs-testing" as const,
    edits,
    test: "Run the script in the directory in which it is started on the server.",
  };
}
