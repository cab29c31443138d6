import { type Dockerfile, stageChain } from "../artifacts/dockerfile.ts";
import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { type ImageRef, parseImageRef } from "./image/facts.ts";
import type { ImageModel } from "./image/image.ts";
import { type RunCommand, runCommands } from "./image/run-commands.ts";
import type { Build } from "./stack.ts";

/** Users and groups that a Dockerfile makes although the image has them: the step fails. */

export interface TakenAccount {
  readonly at: Location;
  /** `the user "node"`, `the id 1000`. */
  readonly what: string;
  /** `node:22-alpine`, or the step before. */
  readonly by: string;
  readonly byAt: Location;
}

interface Account {
  readonly kind: "user" | "group";
  readonly name: string;
  readonly id?: string;
  readonly by: string;
  readonly at: Location;
}

/** User and group of one name and number. Sources: the Dockerfiles of the images, and for .NET its notes on 8.0. */
const shipped: Readonly<Record<string, readonly [tag: RegExp, name: string, id: string]>> = {
  node: [/^/, "node", "1000"],
  nginx: [/^/, "nginx", "101"],
  "nginxinc/nginx-unprivileged": [/^/, "nginx", "101"],
  "oven/bun": [/^(?!.*distroless)/, "bun", "1000"],
  ubuntu: [/^(?:$|latest|rolling|2[4-9]\.|23\.(?:04|10)|noble|oracular|plucky|questing)/, "ubuntu", "1000"],
  "mcr.microsoft.com/dotnet": [/^(?:8|9|1\d)\./, "app", "1654"],
};

/** Whatever moves or removes accounts, so that nothing is known of them afterwards. */
const changes = /^(?:userdel|deluser|usermod|groupmod|groupdel|delgroup|sed|cp|mv|sh|bash)$/;

export function takenAccounts({ model, dockerfile }: Build): TakenAccount[] {
  return dockerfile ? (model?.built ?? []).flatMap(stage => takenIn(dockerfile, stage)) : [];
}

function takenIn(dockerfile: Dockerfile, { stage, facts }: ImageModel): TakenAccount[] {
  const chain = stageChain(dockerfile, stage);
  const { resolved, image, parent } = chain[0]!.from;
  if (resolved === undefined || parent !== undefined) return [];
  const base = parseImageRef(resolved);
  const accounts = accountsOf(base, image.at);
  const isAlpine = facts?.distribution === "alpine" || /alpine/.test(base.tag ?? "");
  for (const run of chain.flatMap(each => each.runs)) {
    const { text } = run.fragment;
    // A failing command in the middle is passed over.
    const isPassedOver = /;/.test(text) && !/set -\w*e/.test(text);
    for (const command of runCommands(run, undefined)) {
      const program = basename(command.words[0]?.value ?? "");
      if (changes.test(program) && /passwd|group|user|\/etc/.test(text)) return [];
      const made = madeBy(program, command, isAlpine);
      if (!made) continue;
      const taken = made.forced ? undefined : accounts.find(each => isSame(each, made));
      // What a parent stage does is told of that stage.
      if (taken && command.decisive && !isPassedOver)
        return stage.runs.includes(run) ? [{ at: command.at, ...describe(made, taken) }] : [];
      accounts.push({ ...made, by: "an earlier step", at: command.at });
    }
  }
  return [];
}

function isSame(one: Account, { kind, name, id }: Made): boolean {
  return one.kind === kind && (one.name === name || (one.id !== undefined && one.id === id));
}

function describe({ kind, name, id }: Made, taken: Account): Omit<TakenAccount, "at"> {
  const what = taken.name === name ? `the ${kind} "${name}"` : `the ${kind} id ${id}`;
  return { what, by: taken.by, byAt: taken.at };
}

function accountsOf(base: ImageRef, at: Location): Account[] {
  const [tag, name, id] = shipped[base.family] ?? [];
  if (!tag?.test(base.tag ?? "") || name === undefined || id === undefined) return [];
  const by = `${base.name}${base.tag === undefined ? "" : `:${base.tag}`}`;
  return (["user", "group"] as const).map(kind => ({ kind, name, id, by, at }));
}

interface Made {
  readonly kind: Account["kind"];
  readonly name: string;
  readonly id?: string;
  readonly forced: boolean;
}

/** Options that take a value, by program. */
const valued: Readonly<Record<string, RegExp>> = {
  useradd:
    /^(?:-\w*[ugGdsckKefpb]|--(?:uid|gid|groups|home-dir|home|shell|comment|skel|base-dir|password|expiredate|inactive))$/,
  groupadd: /^(?:-\w*[gKp]|--(?:gid|key|password))$/,
  adduser: /^(?:-\w*[hgsGuk]|--(?:uid|gid|home|shell|gecos|comment|ingroup|conf|firstuid|lastuid))$/,
  addgroup: /^(?:-\w*g|--gid)$/,
};

function madeBy(program: string, { words }: RunCommand, isAlpine: boolean): Made | undefined {
  const takes = valued[program];
  const args = words.slice(1).map(word => word.value);
  // What holds a variable may be an option as well.
  if (!takes || args.includes(undefined)) return undefined;
  const kind = /group/.test(program) ? "group" : "user";
  const wanted = kind === "user" ? /^(?:-\w*u|--uid)$/ : /^(?:-\w*g|--gid)$/;
  const names: string[] = [];
  let id: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (takes.test(arg)) {
      i++;
      if (wanted.test(arg)) id = args[i];
    } else if (/^--[ug]id=/.test(arg)) {
      if (arg.startsWith(kind === "user" ? "--uid" : "--gid")) id = arg.slice(6);
    } else if (!arg.startsWith("-")) names.push(arg);
  }
  // `adduser app staff` puts a user into a group.
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) return undefined;
  // Debian's adduser and addgroup are content with a system account that is there.
  const isContent = !isAlpine && /^add/.test(program) && args.some(arg => arg === "--system");
  const forced =
    isContent ||
    args.some(arg => /^(?:-o|--non-unique|-f|--force)$/.test(arg!) || /^-[a-z]*o[a-z]*$/.test(arg!));
  return { kind, name, ...(id !== undefined && /^\d+$/.test(id) ? { id } : {}), forced };
}
