import type { Call } from "../artifacts/commands.ts";
import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Source } from "../core/source.ts";
import type { ShellCommand } from "../formats/shell.ts";
import { withoutLine } from "../formats/shell-edit.ts";
import { isStore } from "../stack/query.ts";
import type { Service, Stack } from "../stack/stack.ts";

/**
 * The line with the stop taken out, and what announces it; `up` makes every container anew whose image or configuration
 * has changed, and gets the stop's order to remove what no file names any more.
 */
export function withoutStop(
  stack: Stack,
  stop: Call,
  start: Call,
): readonly (Edit | undefined)[] | undefined {
  // Volumes are emptied on purpose, or the old state has to go: that is more than a release.
  if (stop.kind !== "compose" || stop.volumes || start.kind !== "compose" || stop.via === "substitution")
    return undefined;
  const { command, script } = stop;
  const source = sourceOf(stack, stop.at.file);
  const next = script.commands[command.index + 1];
  const swallowed = command.connector === "||" && next && /^(true|:)$/.test(next.name?.value ?? "");
  if (!source || command.within.length > 0 || (command.connector !== "\n" && !swallowed)) return undefined;
  const last = swallowed ? next : command;
  if (swallowed && next.connector !== "\n") return undefined;
  const before = script.commands[command.index - 1];
  const first = before && announces(source, before, command) ? before : command;
  const gone = withoutLine(source, script, first.at.span.start, last.at.span.end);
  const anew = keepsOldState(stack);
  return [gone && explained(source, withoutGap(source, gone), anew), ...withFlags(stop, start, anew)];
}

/** A paragraph of its own goes with one of the blank lines around it. */
function withoutGap(source: Source, { at, text }: Edit): Edit {
  const { start, end } = at.span;
  const gap = /^[ \t]*\r?\n/.exec(source.text.slice(end));
  if (!gap || !/\n[ \t]*\r?\n$/.test(source.text.slice(0, start))) return { at, text };
  return { at: { ...at, span: { start, end: end + gap[0].length } }, text };
}

/**
 * What `down` did beside stopping, and `up` alone does not: a program reads the files again that are mounted from the
 * checkout, and nginx looks up the addresses of containers that were made anew.
 */
export function keepsOldState(stack: Stack): boolean {
  const onServer = (service: Service | undefined) =>
    service !== undefined && service.project.grade !== "development" && !isStore(service);
  return (
    stack.proxies.some(proxy => onServer(proxy.service)) ||
    stack.services.some(
      service =>
        onServer(service) &&
        service.mounts.some(
          mount => mount.type === "bind" && mount.repositoryPath !== undefined && mount.exists !== "absent",
        ),
    )
  );
}

/** In the languages that release scripts are most often written in. */
const stopping =
  /stop|shut|tak(?:e|ing) down|bring(?:ing)? down|deten|apag|parand|parar|encerr|arr[eê]t|останав|останов|зупин|zatrzym|durdur|menghentikan|mematikan|dừng|停止|停掉|중지|종료/i;

/** Words on the line above that would no longer be true. */
function announces(source: Source, before: ShellCommand, command: ShellCommand): boolean {
  const text = source.text.slice(before.at.span.start, before.at.span.end);
  return (
    before.within.length === 0 &&
    before.connector === "\n" &&
    /^(?:echo|printf)\b/.test(text) &&
    stopping.test(text) &&
    !/[<>|`]|\$\(/.test(text) &&
    /^[ \t]*\r?\n[ \t]*$/.test(source.text.slice(before.at.span.end, command.at.span.start))
  );
}

/** Where a comment above says that something is stopped, one that says why nothing is. */
function explained(source: Source, edit: Edit, anew: boolean): Edit {
  const above = /(?:^|\n)([ \t]*)#(?!!)([^\n]*)\n$/.exec(source.text.slice(0, edit.at.span.start));
  if (!above || !/\b(?:stop|down)/i.test(above[2]!)) return edit;
  const eol = above[2]!.endsWith("\r") ? "\r\n" : "\n";
  const why = anew ? "makes the containers anew" : "replaces what has changed";
  return { ...edit, text: `${above[1]}# Nothing has to: \`up\` below ${why}.${eol}` };
}

/** What the start has to do now that nothing was stopped before it. */
function withFlags(stop: Call, start: Call, anew: boolean): Edit[] {
  const has = (call: Call, flag: string) => call.command.words.some(word => word.text === flag);
  const flags = [
    ...(anew && !has(start, "--force-recreate") ? ["--force-recreate"] : []),
    ...(has(stop, "--remove-orphans") && !has(start, "--remove-orphans") ? ["--remove-orphans"] : []),
  ];
  if (flags.length === 0) return [];
  const { words } = start.command;
  const order = words.findIndex(word => word.text === "up");
  if (order === -1) return [];
  // Behind the order and its switches: further words may be values, and names of services.
  const rest = words.slice(order + 1);
  const index = rest.findIndex(word => !switches.test(word.text));
  const { file, span } = words[order + (index === -1 ? rest.length : index)]!.at;
  return [{ at: { file, span: { start: span.end, end: span.end } }, text: ` ${flags.join(" ")}` }];
}

const switches =
  /^(?:-d|-V|--(?:detach|build|wait|no-deps|no-build|quiet-pull|remove-orphans|force-recreate|always-recreate-deps))$/;
