/** Command lines for `docker`, taken apart and put together again for a lab. Pure: names are somebody else's matter. */

export interface ComposeWords {
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
  readonly projectDirectory?: string;
  readonly project?: string;
  /** Empty when only `docker compose` stands there. */
  readonly subcommand: string;
  readonly rest: readonly string[];
}

const composeValues: Readonly<
  Record<string, "files" | "envFiles" | "profiles" | "directory" | "project" | "other">
> = {
  ...{ "-f": "files", "--file": "files", "--env-file": "envFiles", "--profile": "profiles" },
  ...{ "--project-directory": "directory", "--workdir": "directory", "-p": "project" },
  ...{ "--project-name": "project", "--ansi": "other", "--progress": "other", "--parallel": "other" },
  ...{ "-c": "other", "--context": "other", "-H": "other", "--host": "other" },
};

export function parseCompose(argv: readonly string[]): ComposeWords {
  const lists = { files: [] as string[], envFiles: [] as string[], profiles: [] as string[] };
  const single: { directory?: string; project?: string } = {};
  let at = 0;
  for (; at < argv.length && argv[at]!.startsWith("-"); at++) {
    const { name, value, takes } = option(argv, at, composeValues);
    if (takes) at++;
    const what = composeValues[name];
    if (what === undefined || value === undefined || what === "other") continue;
    if (what === "directory" || what === "project") single[what] = value;
    else lists[what].push(value);
  }
  const [subcommand = "", ...rest] = argv.slice(at);
  return {
    ...lists,
    ...(single.directory === undefined ? {} : { projectDirectory: single.directory }),
    ...(single.project === undefined ? {} : { project: single.project }),
    ...{ subcommand, rest },
  };
}

/** An option at a place: its name, its value if it has one, and whether that is the next word. */
function option(
  argv: readonly string[],
  at: number,
  valued: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly value?: string; readonly takes: boolean } {
  const word = argv[at]!;
  const equals = word.indexOf("=");
  if (word.startsWith("--") && equals > 0)
    return { name: word.slice(0, equals), value: word.slice(equals + 1), takes: false };
  if (word in valued) {
    const value = argv[at + 1];
    return { name: word, ...(value === undefined ? {} : { value }), takes: true };
  }
  const short = word.slice(0, 2);
  if (!word.startsWith("--") && word.length > 2 && short in valued)
    return { name: short, value: word.slice(2).replace(/^=/, ""), takes: false };
  return { name: word, takes: false };
}

const set = (words: string): Readonly<Record<string, true>> =>
  Object.fromEntries(words.split(" ").map(word => [word, true]));

/** Options of subcommands that take the next word. */
const valuedOf: Readonly<Record<string, Readonly<Record<string, true>>>> = {
  exec: set("-e --env --env-file -u --user -w --workdir --detach-keys --index"),
  logs: set("--since --until -n --tail --index"),
  inspect: set("-f --format --type"),
  ps: set("-f --filter --format -n --last --status"),
  stop: set("-t --time --timeout"),
  restart: set("-t --time --timeout"),
  kill: set("-s --signal"),
  stats: set("--format"),
  up: set("--scale --pull -t --timeout --wait-timeout --exit-code-from --attach --no-attach"),
  build: set("--build-arg --builder -m --memory --ssh"),
  down: set("--rmi -t --timeout"),
  cp: set("--index"),
  run: set(
    "-e --env --env-file -l --label --name -u --user -v --volume --mount -w --workdir --entrypoint --network --net -p --publish -m --memory --cpus --restart --add-host -h --hostname --log-driver --log-opt --network-alias --pull --platform --user --health-cmd --cap-add --cap-drop --tmpfs --ulimit --shm-size --security-opt",
  ),
};

export interface Words {
  /** Options in order, each with its value. */
  readonly options: readonly { readonly name: string; readonly value?: string }[];
  /** The first word that is no option, and all after it. */
  readonly operands: readonly string[];
}

/** Splits what stands after a verb. Options after the first operand belong to a program in the container. */
export function parseWords(verb: string, argv: readonly string[]): Words {
  const valued = valuedOf[verb] ?? {};
  const inner = verb === "exec" || verb === "run";
  const options: { name: string; value?: string }[] = [];
  const operands: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (inner && operands.length > 0) operands.push(word);
    else if (word === "--") operands.push(...argv.slice(at + 1));
    else if (word.startsWith("-") && word !== "-") {
      const { name, value, takes } = option(argv, at, valued);
      options.push({ name, ...(value === undefined ? {} : { value }) });
      if (takes) at++;
    } else operands.push(word);
    if (word === "--") break;
  }
  return { options, operands };
}

/** The words of options again. */
export function wordsOfOptions(options: Words["options"]): string[] {
  return options.flatMap(({ name, value }) =>
    value === undefined ? [name] : name.startsWith("--") ? [`${name}=${value}`] : [name, value],
  );
}

/** Repository and tag of an image; a port of a registry is no tag. */
export function splitImage(reference: string): { readonly repository: string; readonly tag: string } {
  const match = /^(.*?)(?::([^/:@]+))?$/.exec(reference)!;
  return { repository: match[1]!, tag: match[2] ?? "latest" };
}
