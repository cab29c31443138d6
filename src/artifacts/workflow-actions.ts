import { type Fragment, plainFragment } from "../core/fragment.ts";
import type { Located, Location } from "../core/source.ts";
import { parseShell, type ShellCommand, type ShellScript, type Word } from "../formats/shell.ts";
import { type Argument, type Call, type CopyCall, callsIn, type DockerBuildCall } from "./commands.ts";
import { optional } from "./commands-arguments.ts";
import type { Settings, Uses } from "./workflow-model.ts";

/** What an action is known to do. */
export interface ActionMeaning {
  readonly calls: readonly Call[];
  readonly remoteScript?: ShellScript;
}

/** Reads the inputs of actions that build images, copy files to a server, or run scripts there. */
export function actionMeaning(
  uses: Uses,
  settings: Settings,
  scriptOf: (input: string) => Fragment | undefined,
  at: Location,
): ActionMeaning {
  switch (uses.repository?.toLowerCase()) {
    case "appleboy/ssh-action":
    case "fifsky/ssh-action": {
      const fragment = scriptOf("script") ?? scriptOf("command");
      if (!fragment) return { calls: [] };
      const remoteScript = parseShell(fragment);
      return { remoteScript, calls: callsIn(remoteScript, { remote: true, via: "ssh-action" }) };
    }
    case "appleboy/scp-action":
      return { calls: [copyCall(uses, settings, at, "source", "target", "rm")] };
    case "easingthemes/ssh-deploy":
      return { calls: [copyCall(uses, settings, at, "SOURCE", "TARGET", "DELETE")] };
    case "burnett01/rsync-deployments":
      return { calls: [copyCall(uses, settings, at, "path", "remote_path", "")] };
    case "docker/build-push-action":
      return { calls: [buildCall(uses, settings, at)] };
    default:
      return { calls: [] };
  }
}

function base(uses: Uses, at: Location) {
  const script = parseShell(plainFragment(at.file, "", at.span.start));
  const command: ShellCommand = {
    words: [],
    assignments: [],
    redirects: [],
    within: [],
    connector: "end",
    negated: false,
    pipeline: 0,
    stage: 0,
    index: 0,
    at,
  };
  return {
    at,
    command,
    script,
    name: uses.repository ?? uses.text,
    args: [],
    cwd: "",
    remote: false,
    wrappers: [],
    environment: [],
    stdin: "inherited" as const,
    writes: [],
  };
}

/** An input as an argument; unknown when it holds an expression. */
function argument(input: Located<string>): Argument {
  const value = input.value.includes("${{") ? undefined : input.value;
  const { start } = input.at.span;
  const word: Word = {
    text: input.value,
    value,
    parts: [],
    quoted: true,
    start,
    end: input.at.span.end,
    at: input.at,
  };
  return { word, value, at: input.at };
}

/** A list input: one entry per line, or separated by commas. Every entry keeps the place of the input. */
function list(input: Located<string> | undefined, separator: RegExp): Argument[] {
  if (!input) return [];
  const entries = input.value.split(separator).map(text => text.trim());
  return entries.filter(text => text !== "").map(value => argument({ value, at: input.at }));
}

function copyCall(
  uses: Uses,
  settings: Settings,
  at: Location,
  source: string,
  target: string,
  remove: string,
): CopyCall {
  const destination = settings.get(target);
  return {
    ...base(uses, at),
    kind: "remote-copy",
    direction: "upload",
    sources: list(settings.get(source), /[,\n]/),
    destination: destination ? argument(destination) : undefined,
    deletes: settings.get(remove)?.value === "true",
    flags: [],
  };
}

function buildCall(uses: Uses, settings: Settings, at: Location): DockerBuildCall {
  const input = (name: string) => {
    const setting = settings.get(name);
    return setting ? argument(setting) : undefined;
  };
  return {
    ...base(uses, at),
    kind: "docker-build",
    // Without a context the action builds the commit's own tree from its root.
    context: input("context") ?? argument({ value: ".", at: uses.at }),
    ...optional("file", input("file")),
    ...optional("target", input("target")),
    buildArgs: list(settings.get("build-args"), /\n/),
    tags: list(settings.get("tags"), /[,\n]/),
    platforms: list(settings.get("platforms"), /[,\n]/),
    push: settings.has("push") && settings.get("push")!.value !== "false",
    noCache: settings.get("no-cache")?.value === "true",
    flags: [],
  };
}
