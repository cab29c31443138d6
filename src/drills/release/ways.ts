import { NotSeen } from "../../core/drill.ts";
import { basename, dirname } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { OwnServer } from "../../core/server.ts";
import type { ShellScript } from "../../formats/shell.ts";
import { projectOf, type ReleaseRun, releaseRuns, wordsOf } from "../../stack/query-release.ts";
import type { PlacedCall } from "../../stack/stack.ts";
import type { DrillStack } from "../drill.ts";
import { filled, filledPlaces } from "./expressions.ts";

/** A way in which the project itself brings something to the server: a script, a target, the remote part of a job. */
export interface Way {
  /** "scripts/deploy.sh", "target "deploy" of Makefile". */
  readonly title: string;
  readonly steps: readonly Step[];
  /** Paths by which its commands call the project's directory. */
  readonly places: readonly string[];
  /** It refuses to run as root. */
  readonly ordinary: boolean;
  /** Variables that it asks for and does not set. */
  readonly asks: readonly string[];
  /** Env files that it reads and git does not keep, and what it wants to find in them. */
  readonly envFiles: readonly string[];
  readonly inEnvFile: readonly string[];
  /** Its text takes a release as its first argument. */
  readonly takesRelease: boolean;
}

export type Step =
  | { readonly kind: "command"; readonly argv: readonly string[] }
  /** Given to a shell by its standard input, as ssh does it, in the home directory. */
  | { readonly kind: "piped"; readonly text: string };

/** How the drilled project is deployed, as far as its files show; none for `docker compose up -d` by hand. */
export function deployWays(view: DrillStack): Way[] {
  const runs = releaseRuns(view.stack).filter(run => concerns(run, view));
  return runs.flatMap(run => wayOf(run, view) ?? []);
}

function concerns(run: ReleaseRun, { stack, project }: DrillStack): boolean {
  return run.placed.some(placed => run.starts.includes(placed.call) && projectOf(stack, placed) === project);
}

const rollback = /roll-?_?back|revert|previous/i;

/** A script or target of the project that goes back to the version before. */
export function rollbackWays(view: DrillStack): Way[] {
  const keyOf = ({ caller }: PlacedCall) => `${caller.file}\n${caller.name ?? ""}`;
  const keys = [...new Set(view.stack.calls.map(keyOf))];
  return keys.flatMap(key => {
    const placed = view.stack.calls.filter(one => keyOf(one) === key);
    const { caller } = placed[0]!;
    if (!rollback.test(caller.kind === "script" ? basename(caller.file) : (caller.name ?? ""))) return [];
    const calls = placed.map(({ call }) => call);
    const run: ReleaseRun = {
      file: caller.file,
      title: caller.file,
      placed,
      calls,
      starts: [],
      grade: "deployed",
    };
    return wayOf(run, view) ?? [];
  });
}

function wayOf(run: ReleaseRun, view: DrillStack): Way | undefined {
  const { caller } = run.placed[0]!;
  const text = textOf(run, view);
  const places = run.placed.flatMap(({ call: { cwd } }) =>
    cwd !== undefined && /^(\/|~\/).+/.test(cwd) ? [cwd.replace(/\/$/, "")] : [],
  );
  const steps = stepsOf(run);
  if (steps.length === 0) return undefined;
  const remote = steps.flatMap(step => (step.kind === "piped" ? filledPlaces(step.text) : []));
  return {
    ...{ title: run.title, places: [...new Set([...places, ...remote])] },
    steps: steps.map(step => (step.kind === "piped" ? { ...step, text: filled(step.text) } : step)),
    ordinary: caller.kind === "script" && refusesRoot.test(text),
    asks: asksFor(text),
    envFiles: sourced(run.placed, view),
    inEnvFile: listed(text),
    takesRelease:
      caller.kind === "script" && /\$\{1:\?|\$# *(-lt|-eq|-ne|==|!=)|-z +"?\$\{?1\}?"?/.test(text),
  };
}

const refusesRoot = /(EUID|id -u\)?"?)\s*(-eq|==?)\s*"?0"?/;

function textOf({ placed, file }: ReleaseRun, { stack }: DrillStack): string {
  return placed[0]!.caller.kind === "script" ? (sourceOf(stack, file)?.text ?? "") : "";
}

function stepsOf({ placed, file, starts }: ReleaseRun): Step[] {
  const { kind, name, script } = placed[0]!.caller;
  if (kind === "script") return [{ kind: "command", argv: [script?.interpreter ?? "bash", file] }];
  if (kind === "makefile") return [{ kind: "command", argv: ["make", "-C", dirname(file) || ".", name!] }];
  // Of a job, only what runs on the server: the rest makes and moves things that the lab has.
  const scripts = new Set<ShellScript>();
  for (const { call } of [...placed].sort((a, b) => a.call.at.span.start - b.call.at.span.start))
    if (call.remote && /^ssh-/.test(call.via ?? "")) scripts.add(call.script);
  // Of branches only one is taken: the one that starts something.
  const branches = placed.flatMap(({ call }) =>
    call.kind === "ssh" &&
    call.remoteScript &&
    call.command.within.some(({ construct }) => construct.kind === "case")
      ? [call.remoteScript]
      : [],
  );
  const taken = [...scripts].filter(
    one => !branches.includes(one) || starts.some(({ script }) => script === one),
  );
  return taken.map(one => ({ kind: "piped", text: one.fragment.text }));
}

/** `[[ -z "$DOMAIN" ]]` and `${DOMAIN:?}`, where the script does not give the variable a value itself. */
function asksFor(text: string): string[] {
  const asked = [...text.matchAll(/-z\s+"?\$\{?([A-Z][A-Z0-9_]+)\}?"?|\$\{([A-Z][A-Z0-9_]+):?\?/g)];
  const names = asked.map(match => match[1] ?? match[2]!);
  return [...new Set(names)].filter(
    name => !new RegExp(`^[ \\t]*(export\\s+)?${name}=("[^"\\n]*"|\\S*)\\s*$`, "m").test(text),
  );
}

/** `required_vars=("A" "B")`: names that it looks for one by one. */
function listed(text: string): string[] {
  const lists = [...text.matchAll(/^[ \t]*\w*(?:required|needed)\w*=\(([^)]*)\)/gim)];
  return lists.flatMap(([, names = ""]) => names.match(/[A-Z][A-Z0-9_]+/g) ?? []);
}

function sourced(placed: readonly PlacedCall[], { stack }: DrillStack): string[] {
  const read = placed.flatMap(({ call }) => {
    const files = call.kind === "program" && call.runs === "sourced" ? [call.file?.value] : [];
    const given = call.kind === "compose" ? call.envFiles.map(({ value }) => value) : [];
    return [...files, ...given];
  });
  return [...new Set(read)].filter(
    (file): file is string =>
      file !== undefined && /(^|\/)\.env[\w.-]*$/.test(file) && stack.files.has(file) === undefined,
  );
}

/** What came of a way that was taken. */
export interface Taken {
  readonly ok: boolean;
  /** How it ended, for a journal. */
  readonly saw: string;
  readonly ms: number;
  /** All that its steps wrote. */
  readonly said?: string;
  /** Why a lab cannot take this way, so that how it ended says nothing. */
  readonly cannot?: string;
}

/** A mark at the end of a piped script: without it, something else has read the rest. */
const endMark = "/tmp/shipworthy-end";

/** An `exit` that may end it early and well: `exit 1` is no reason for a missing mark. */
const mayEndWell = /\bexit\b(?!\s+[1-9]\d*\b)/;

/**
 * Takes a way on the stand-in for the server, step by step; the first that fails is the last.
 * @throws NotSeen when a part of it cannot be run in a lab, so that how it ends says nothing.
 */
export async function take(server: OwnServer, way: Way, release: string): Promise<Taken> {
  const before = server.refused.length;
  const environment = server.values(way.asks);
  let ms = 0;
  let said = "";
  for (const [index, step] of way.steps.entries()) {
    const options = { environment, ordinary: way.ordinary };
    const mark = `${endMark}-${index}`;
    if (step.kind === "piped") {
      await server.run(["rm", "-f", mark]);
      await server.write("/tmp/shipworthy-step", `${step.text}\n: >${mark}\n`);
    }
    const argv =
      step.kind === "command"
        ? [...step.argv, ...(way.takesRelease ? [release] : [])]
        : ["bash", "-c", "cd && exec bash -s </tmp/shipworthy-step"];
    const ran = await server.run(argv, options);
    ms += ran.ms;
    said += `${ran.stdout}${ran.stderr}`;
    const refused = server.refused.slice(before);
    const lack = refused[0] ?? (ran.code === 0 ? undefined : lackOf(ran));
    if (lack !== undefined) throw new NotSeen(`${way.title} cannot be run in a lab: ${lack}`);
    if (ran.code !== 0) return { ok: false, saw: `it ends with ${ran.code}${lastWords(ran)}`, ms, said };
    if (step.kind === "piped" && !mayEndWell.test(step.text) && (await server.read(mark)) === undefined)
      return {
        ok: false,
        saw: `it ends before its end, with 0: a program that it started has read the rest of it${lastWords(ran)}`,
        ms,
        said,
      };
  }
  return { ok: true, saw: "it ends with 0", ms, said };
}

/** What a server has and its stand-in has not: users of its own, programs, services of the system. */
const lacks =
  /command not found$|user '[^']*' does not exist|group '[^']*' does not exist|invalid user|unknown user|not been booted with systemd|Failed to connect to bus|Unit \S+ not found/i;

/** The line in which the last words complain of such a lack. A script that goes on after one has not failed of it. */
function lackOf({
  stdout,
  stderr,
}: {
  readonly stdout: string;
  readonly stderr: string;
}): string | undefined {
  const last = [stdout, stderr].flatMap(text => text.trim().split("\n").slice(-2));
  return last.find(line => lacks.test(line.trim()))?.trim();
}

function lastWords({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  const said = `${stdout}${stderr}`
    .replace(/\u001b\[[\d;]*m/g, "")
    .trim()
    .split("\n")
    .slice(-4)
    .join("\n");
  return said === "" ? "" : `, saying:\n${said.slice(-400)}`;
}

/** Commands that want more of the world than a lab has: registries, package indexes, other hosts. */
export function wantsTheWorld(view: DrillStack, way: Way): string | undefined {
  const run = releaseRuns(view.stack).find(({ title }) => title === way.title);
  const call = run?.calls.find(
    one =>
      !one.inside &&
      (/^(apt|apt-get|yum|dnf|apk|pip|pip3|npm|yarn|pnpm|brew|snap|aws|gcloud|az|kubectl)$/.test(one.name) ||
        (one.kind === "http" &&
          one.urls.some(
            ({ value }) =>
              value !== undefined && !/^(https?:\/\/)?(localhost|127\.|0\.0\.0\.0|\[::1)/.test(value),
          ))),
  );
  return call && wordsOf(call).slice(0, 80);
}
