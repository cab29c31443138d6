import type { Call, ComposeCall, Flag } from "../../artifacts/commands.ts";
import { refusedByComposeRun } from "../../artifacts/commands-docker.ts";
import type { Edit, Fix } from "../../core/fix.ts";
import { basename } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { evidence } from "../../stack/query.ts";
import { callerName, isWorkstationCall, projectsOfCall } from "../../stack/query-scripts.ts";
import type { Command, PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/run-arguments",
  title: "Arguments of `docker compose run` reach the program",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "The container runs its usual loop instead of the command that was asked for: the certificate is never issued, the migration never applied, and the script waits or goes on.",
  *check(stack) {
    const refused = refusedRuns(stack);
    for (const file of new Set(refused.map(({ placed }) => placed.caller.file))) {
      const [first, ...more] = refused.filter(({ placed }) => placed.caller.file === file);
      yield {
        subject: `${file}: ${first!.flag.name}`,
        message: `${callerName(first!.placed)} gives \`${first!.flag.name}\` to \`docker compose run\`, which is an option of \`docker run\` alone: Compose refuses the command, and nothing runs.`,
        evidence: [
          evidence(first!.flag.at, "an unknown flag"),
          ...more.map(({ flag }) => evidence(flag.at, "here too")),
        ],
        severity: isWorkstationCall(first!.placed) ? "low" : first!.placed.deploys ? "high" : "medium",
      };
    }
    const found = new Map<string, { service: Service; places: { placed: PlacedCall; at: Location }[] }>();
    for (const placed of stack.calls) {
      const { call } = placed;
      if (call.kind !== "compose" || call.subcommand !== "run") continue;
      const words = call.exec?.command ?? [];
      if (words.length === 0 || call.flags.some(flag => flag.name === "--entrypoint")) continue;
      const services = projectsOfCall(stack, placed as PlacedCall & { readonly call: ComposeCall }).flatMap(
        project => project.services.filter(service => service.name === call.services[0]?.value),
      );
      const service = services[0];
      if (!service || !services.every(each => swallows(each.entrypoint))) continue;
      const key = `${placed.caller.file} ${service.name}`;
      const entry = found.get(key) ?? { service, places: [] };
      entry.places.push({ placed, at: words[0]!.at });
      found.set(key, entry);
    }
    for (const { service, places } of found.values()) {
      const [first, ...more] = places;
      const serious = service.kind === "certificates" || places.some(({ placed }) => placed.deploys);
      yield {
        subject: `${first!.placed.caller.file}: ${service.name}`,
        message: `${callerName(first!.placed)} runs service "${service.name}" with arguments, but its entry point is a fixed \`sh -c\` line that ignores them.`,
        evidence: [
          evidence(first!.at, "these arguments are ignored"),
          ...more.map(({ at }) => evidence(at, "these too")),
          evidence(service.entrypoint!.at, "always runs this line"),
        ],
        fix: () =>
          entrypointFix(
            service,
            places.map(({ placed, at }) => ({ call: placed.call, at })),
          ),
        severity: isWorkstationCall(first!.placed) ? "low" : serious ? "high" : "medium",
      };
    }
  },
});

function refusedRuns(stack: Stack): { readonly placed: PlacedCall; readonly flag: Flag }[] {
  return stack.calls.flatMap(placed => {
    const { call } = placed;
    if (call.kind !== "compose" || call.subcommand !== "run") return [];
    const flag = call.flags.find(({ name }) => refusedByComposeRun.has(name));
    return flag ? [{ placed, flag }] : [];
  });
}

/** The program that the arguments are for: the image's own, where the arguments are known to be of it. */
function entrypointFix(
  service: Service,
  places: readonly { readonly call: Call; readonly at: Location }[],
): Fix | undefined {
  if (service.imageRef?.name !== "certbot/certbot") return undefined;
  const edits = places.map(({ call, at }): Edit | undefined => {
    const name = call.kind === "compose" ? call.services[0] : undefined;
    if (!name || name.split || !certbotCommand.test(argumentAt(call, at) ?? "")) return undefined;
    const { start } = name.at.span;
    return { at: { file: name.at.file, span: { start, end: start } }, text: "--entrypoint certbot " };
  });
  if (edits.some(edit => edit === undefined)) return undefined;
  return {
    title: "Start the image's own program with the arguments",
    grade: "needs-testing",
    edits: edits.filter(edit => edit !== undefined),
    test: "Run the command with `--dry-run` among the arguments.",
  };
}

const certbotCommand = /^(certonly|renew|certificates|revoke|delete|register|run|install|enhance|--\S+)$/;

function argumentAt(call: Call, at: Location): string | undefined {
  return call.args.find(arg => arg.at.span.start === at.span.start)?.value;
}

/** `sh -c 'line'` whose line takes no arguments. */
function swallows(entrypoint: Command | undefined): boolean {
  if (!entrypoint || entrypoint.words.length < 3) return false;
  const [shell, flag, line] = entrypoint.words.map(word => word.value);
  if (!/^(sh|bash|ash|dash)$/.test(basename(shell ?? "")) || !/^-[a-z]*c$/.test(flag ?? "")) return false;
  return line !== undefined && !/\$\{?[@*0-9]/.test(line);
}
