import { addTo } from "../../core/group.ts";
import { basename, dirname } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import type { ShellCommand, ShellScript } from "../../formats/shell.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { mainScript, startWords } from "../../stack/query-main-script.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/stop-signal",
  title: "A stop signal reaches the program that serves",
  claim: "stops-gracefully",
  severity: "medium",
  why: "Every stop and every release waits ten seconds and then kills the program in the middle of its requests and jobs.",
  *check(stack) {
    const first = oncePerPlace();
    // Scripts that lie together have one habit.
    const groups = new Map<string, { service: Service; kept: KeptShell }[]>();
    for (const service of worstFirst(serverServices(stack))) {
      const kept = keptShell(stack, service);
      if (!kept || !first(kept.at)) continue;
      const key = `${kept.program} ${kept.inFile ? dirname(kept.at.file) : kept.at.file}`;
      addTo(groups, key, { service, kept });
    }
    for (const [one, ...more] of groups.values()) {
      const { service, kept } = one!;
      const all = [one!, ...more];
      const names = listNames(all.map(each => each.service.name));
      const alone = more.length === 0;
      const places = all.flatMap(each => placeOf(stack, each.kept) ?? []);
      yield {
        subject: service.name,
        message: `${names} ${alone ? "starts" : "start"} ${kept.program} below a shell that does not hand signals on: it never hears that it should stop, and is killed after ten seconds.`,
        severity: weigh(service, "medium"),
        evidence: [shown(kept), ...more.map(each => shown(each.kept))],
        fix: () =>
          places.length === all.length
            ? {
                title: "Replace the shell with the program",
                grade: "needs-testing",
                edits: places.map(at => ({ at, text: "exec " })),
                test: `Run \`docker compose stop ${service.name}\`: it ends at once, and its log tells of a clean end. Nothing after that command runs any more.`,
              }
            : undefined,
      };
    }
  },
});

const shown = ({ at, program }: KeptShell) => evidence(at, `the shell stays in front of ${program}`);

function placeOf(stack: Stack, { at, inFile, program }: KeptShell): Location | undefined {
  return inFile
    ? { file: at.file, span: { start: at.span.start, end: at.span.start } }
    : lastCommand(stack, at, program);
}

/** Before the last command of a shell line, where it follows an `&&` or a `;` as it is written. */
function lastCommand(stack: Stack, at: Location, program: string): Location | undefined {
  const text = sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end) ?? "";
  const name = program.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const found = [...text.matchAll(new RegExp(`(?<=(?:&&|;)\\s*(?:\\\\\\r?\\n\\s*)?)${name}(?=\\s)`, "g"))];
  const rest = found.length === 1 ? text.slice(found[0]!.index) : "&&";
  if (/&&|\|\||[;|&]/.test(rest)) return undefined;
  const start = at.span.start + found[0]!.index;
  return { file: at.file, span: { start, end: start } };
}

interface KeptShell {
  readonly program: string;
  readonly at: Location;
  readonly inFile: boolean;
}

/** The command that a shell starts and waits for as the container's first process. */
function keptShell(stack: Stack, service: Service): KeptShell | undefined {
  const { process } = service;
  const words = startWords(service);
  // An init process is known to hand signals on to a group, or was chosen with care.
  if (!process || service.text("init")?.text === "true") return undefined;
  if (
    words.some(word =>
      /(^|\/)(tini|dumb-init|docker-init|catatonit|s6-svscan|init|supervisord)$/.test(word.value ?? ""),
    )
  )
    return undefined;
  const main = mainScript(stack, service);
  if (!main) return undefined;
  if (!main.inFile) {
    // Bash replaces itself with the last command of a line, and every shell with a single one.
    const bash = words.some(word => basename(word.value ?? "") === "bash");
    const last =
      main.script.commands.length > 1 && !bash && sharesNothing(service)
        ? lastServer(main.script)
        : undefined;
    return last && { program: nameOf(last), at: main.at, inFile: false };
  }
  const last = lastServer(main.script);
  return last && { program: nameOf(last), at: last.at, inFile: true };
}

/** /bin/sh is dash or busybox: neither replaces itself with the last command of a list (measured with dash 0.5.12). */
function sharesNothing(service: Service): boolean {
  const system = service.facts?.distribution;
  return (system === "debian" || system === "alpine" || system === "ubuntu") && !service.model?.shell;
}

const servers =
  /^(gunicorn|uvicorn|hypercorn|daphne|granian|celery|dramatiq|python3?|flask|fastapi|node|npm|pnpm|yarn|bun|next|java|nginx|php-fpm|puma|rails|dotnet)$/;

/** The last command when it serves and the script does nothing about signals. */
function lastServer(script: ShellScript): ShellCommand | undefined {
  const named = script.commands.filter(command => command.name);
  const last = named.at(-1);
  if (!last || last.within.length > 0 || last.connector === "&" || last.connector === "|") return undefined;
  if (
    named.some(command => /^(trap|wait|exec)$/.test(command.name!.value ?? "") || command.connector === "&")
  )
    return undefined;
  if (last.name!.text === '"$@"') return last;
  const name = basename(last.name!.value ?? "");
  if (!servers.test(name)) return undefined;
  // One-off commands of the same programs end by themselves.
  return last.words.some(word => /^(migrate|collectstatic|install|build|-c|-e)$/.test(word.value ?? ""))
    ? undefined
    : last;
}

function nameOf(command: ShellCommand): string {
  return command.name!.text === '"$@"' ? "its command" : basename(command.name!.value ?? "the program");
}
