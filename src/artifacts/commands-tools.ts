import { basename } from "../core/path.ts";
import type { ShellCommand } from "../formats/shell.ts";
import {
  argumentsOf,
  flagValue,
  hasFlag,
  type Knowledge,
  optional,
  readOptions,
  words,
} from "./commands-arguments.ts";
import type {
  Argument,
  CallContext,
  CopyCall,
  DatabaseCall,
  FileCall,
  FileWrite,
  HttpCall,
  ProgramCall,
} from "./commands-model.ts";

type Reader<C> = (context: CallContext, name: string, args: readonly Argument[]) => C;

/** How one client spells user, database, host...; `operand`: the first operand is the database. */
interface ClientOptions {
  readonly valued: ReadonlySet<string>;
  readonly user: readonly string[];
  readonly database: readonly string[];
  readonly host: readonly string[];
  readonly port: readonly string[];
  readonly password: readonly string[];
  readonly file: readonly string[];
  readonly statement: readonly string[];
  readonly operand: boolean;
}

const postgres: ClientOptions = {
  valued: words(
    "-U --username -d --dbname -h --host -p --port -f --file -F --format -c --command -j --jobs -n --schema -N --exclude-schema -t --table -T --exclude-table -Z --compress -S --superuser -E --encoding --role --lock-wait-timeout -v --set -o --output -P --pset -D --pgdata -X --wal-method -L --log-file -l --list --timeout --slot -O --owner --maintenance-db --section -I --index",
  ),
  user: ["-U", "--username"],
  database: ["-d", "--dbname"],
  host: ["-h", "--host"],
  port: ["-p", "--port"],
  password: [],
  file: ["-f", "--file"],
  statement: ["-c", "--command"],
  operand: true,
};
/** Options that take a value for psql or pg_dump and none for the tool named. */
const plainFor: Readonly<Record<string, readonly string[]>> = {
  psql: ["-t", "-X", "-n", "-N", "-l", "-E", "-S", "--list", "-O", "-I"],
  pg_restore: ["-O", "-l", "--list", "-c", "-E", "-v", "--command"],
  pg_dump: ["-O", "-c", "-l", "-v", "--list", "-X", "-o", "-I", "--owner"],
  pg_dumpall: ["-O", "-c", "-v", "-o", "--owner"],
  pg_isready: ["-c", "-F", "-v"],
  createdb: ["-c", "-v", "-e"],
  dropdb: ["-c", "-v", "-f", "-i", "-e"],
  pg_basebackup: ["-v", "-P", "-c", "-l", "-n", "-N", "-S"],
};
const mysql: ClientOptions = {
  valued: words(
    "-u --user -h --host -P --port --password -e --execute -D --database -r --result-file -w --where -S --socket --default-character-set --protocol --max-allowed-packet",
  ),
  user: ["-u", "--user"],
  database: ["-D", "--database", "-B", "--databases"],
  host: ["-h", "--host"],
  port: ["-P", "--port"],
  password: ["-p", "--password"],
  file: ["-r", "--result-file"],
  statement: ["-e", "--execute"],
  operand: true,
};
const mongo: ClientOptions = {
  valued: words(
    "--uri -u --username -p --password -h --host --port -d --db -c --collection -o --out --archive --authenticationDatabase --eval -q --query --nsInclude",
  ),
  user: ["-u", "--username"],
  database: ["-d", "--db"],
  host: ["-h", "--host"],
  port: ["--port"],
  password: ["-p", "--password"],
  file: ["-o", "--out", "--archive"],
  statement: ["--eval"],
  operand: false,
};
const redis: ClientOptions = {
  valued: words("-h -p -a --pass --user -n -u -r -i --rdb -s -x --tls --cacert --cert --key"),
  user: ["--user"],
  database: ["-n"],
  host: ["-h"],
  port: ["-p"],
  password: ["-a", "--pass"],
  file: ["--rdb"],
  statement: [],
  operand: false,
};
const clients: Readonly<Record<string, ClientOptions>> = Object.fromEntries([
  ...[
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "psql",
    "pg_isready",
    "createdb",
    "dropdb",
    "createuser",
    "pg_basebackup",
    "pg_receivewal",
    "vacuumdb",
    "pgbench",
  ].map(name => [name, postgres]),
  ...["mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mariadb-admin"].map(name => [
    name,
    mysql,
  ]),
  ...["mongodump", "mongorestore", "mongosh", "mongo", "mongoexport", "mongoimport"].map(name => [
    name,
    mongo,
  ]),
  ...["redis-cli", "valkey-cli"].map(name => [name, redis]),
]);

export function isDatabaseClient(name: string): boolean {
  return Object.hasOwn(clients, name);
}

export const databaseCall: Reader<DatabaseCall> = (context, name, args) => {
  const options = clients[name] ?? postgres;
  const without = new Set(options.valued);
  for (const plain of plainFor[name] ?? []) without.delete(plain);
  const read = readOptions(args, without);
  // `-psecret` carries its value; a lone `-p` asks for it.
  const attached = options === mysql ? args.find(arg => /^-p./.test(arg.value ?? "")) : undefined;
  const { operands } = read;
  const flags = attached ? read.flags.filter(flag => flag.at !== attached.at) : read.flags;
  const named = flagValue(flags, ...options.database);
  const takesOperand = options.operand && name !== "pg_restore" && name !== "pg_basebackup";
  const database = named ?? (takesOperand ? operands[0] : undefined);
  const isUrl = (arg: Argument | undefined) => /^[a-z+]+:\/\//.test(arg?.value ?? "");
  const url =
    flagValue(flags, "--uri", ...(options === redis ? ["-u"] : [])) ??
    (isUrl(database) ? database : undefined);
  return {
    ...context,
    kind: "database",
    name,
    args,
    ...optional(
      "user",
      flagValue(flags, ...options.user) ??
        (named && takesOperand ? undefined : name === "psql" ? operands[1] : undefined),
    ),
    ...optional("database", isUrl(database) ? undefined : database),
    ...optional("host", flagValue(flags, ...options.host)),
    ...optional("port", flagValue(flags, ...options.port)),
    ...optional("password", attached ?? flagValue(flags, ...options.password)),
    ...optional("url", url),
    ...optional(
      "file",
      flagValue(flags, ...options.file) ?? (name === "pg_restore" ? operands[0] : undefined),
    ),
    ...optional("statement", name === "pg_restore" ? undefined : flagValue(flags, ...options.statement)),
    flags,
    operands,
  };
};

const curlValued = words(
  "-o --output -X --request -H --header -d --data --data-raw --data-binary --data-urlencode --json -w --write-out -m --max-time -u --user -A --user-agent -b --cookie -c --cookie-jar -e --referer -F --form -K --config -T --upload-file -x --proxy -E --cert --key --cacert --capath --connect-timeout --retry --retry-delay --retry-max-time --resolve --url --unix-socket --interface --limit-rate -C --continue-at -r --range -t -y -Y -z -P -Q --tls-max --ciphers --oauth2-bearer --max-redirs",
);
const wgetValued = words(
  "-O --output-document -o --output-file -T --timeout -t --tries -P --directory-prefix -U --user-agent --header --post-data --post-file --user --password --connect-timeout --read-timeout --max-redirect -Q -w --wait --method --body-data -a -e --execute",
);

export const httpCall: Reader<HttpCall> = (context, name, args) => {
  const curl = name === "curl";
  const { flags, operands } = readOptions(args, curl ? curlValued : wgetValued);
  const url = flagValue(flags, "--url");
  return {
    ...context,
    kind: "http",
    name,
    args,
    urls: url ? [url, ...operands] : operands,
    fails: !curl || hasFlag(flags, "-f", "--fail", "--fail-with-body"),
    follows: !curl || hasFlag(flags, "-L", "--location", "--location-trusted"),
    insecure: hasFlag(flags, "-k", "--insecure", "--no-check-certificate"),
    ...optional("timeout", curl ? flagValue(flags, "-m", "--max-time") : flagValue(flags, "-T", "--timeout")),
    ...optional("retries", curl ? flagValue(flags, "--retry") : flagValue(flags, "-t", "--tries")),
    ...optional(
      "output",
      curl ? flagValue(flags, "-o", "--output") : flagValue(flags, "-O", "--output-document"),
    ),
    flags,
  };
};

const scpValued = words("-P -i -o -F -J -l -c -S -D");
const rsyncValued = words(
  "-e --rsh --exclude --include --exclude-from --include-from --files-from -f --filter --rsync-path --bwlimit --timeout --port --password-file --chown --chmod --backup-dir --link-dest --log-file --out-format --max-size --min-size -T --temp-dir --partial-dir --info",
);

export const copyCall: Reader<CopyCall> = (context, name, args) => {
  const { flags, operands } = readOptions(args, name === "scp" ? scpValued : rsyncValued);
  const destination = operands.length > 1 ? operands.at(-1) : undefined;
  const sources = destination ? operands.slice(0, -1) : operands;
  return {
    ...context,
    kind: "remote-copy",
    name,
    args,
    direction: directionOf(sources, destination),
    sources,
    destination,
    deletes: flags.some(flag => flag.name.startsWith("--delete")),
    flags,
  };
};

function directionOf(sources: readonly Argument[], destination: Argument | undefined): CopyCall["direction"] {
  if (!destination) return undefined;
  // The colon is looked for in the text: host and folder are often variables.
  const remote = (arg: Argument) =>
    /^[^/]*:(?!\/\/)|^rsync:\/\//.test(
      arg.value ?? arg.word.text.replace(/\$\{[^}]*\}+/g, "X").replace(/^"/, ""),
    );
  if (remote(destination)) return "upload";
  return sources.some(remote) ? "download" : "local";
}

const fileTools = words(
  "cp mv rm ln mkdir rmdir chmod chown tar zip unzip gzip gunzip cat tee touch install dd shred truncate",
);
const fileValued: Readonly<Record<string, ReadonlySet<string>>> = {
  tar: words(
    "-f --file -C --directory --exclude -T --files-from -X --transform --strip-components --owner --group -I",
  ),
  cp: words("-t --target-directory"),
  install: words("-m --mode -o --owner -g --group -t"),
  mkdir: words("-m --mode"),
  chmod: words("--reference"),
};

export function isFileTool(name: string): boolean {
  return fileTools.has(name);
}

export const fileCall: Reader<FileCall> = (context, name, args) => {
  // `tar czf x`: the old spelling without a dash.
  const old = name === "tar" && /^[a-zA-Z]+$/.test(args[0]?.value ?? "");
  const own = old ? [{ ...args[0]!, value: `-${args[0]!.value}` }, ...args.slice(1)] : args;
  const { flags, operands } = readOptions(own, fileValued[name] ?? words(""));
  const teed =
    name === "tee" ? operands.map(path => ({ path, append: hasFlag(flags, "-a", "--append") })) : [];
  const heredoc = context.command.redirects.find(redirect => redirect.heredoc)?.heredoc;
  return {
    ...context,
    kind: "file",
    name,
    args,
    flags,
    operands,
    writes: [...context.writes, ...teed.map(write => ({ ...write, ...optional("heredoc", heredoc) }))],
  };
};

const nothing: readonly FileWrite[] = [];

/** Files that a command writes through redirects of its standard output. */
export function writesOf({ redirects }: ShellCommand, known: Knowledge): readonly FileWrite[] {
  if (redirects.length === 0) return nothing;
  const heredoc = redirects.find(redirect => redirect.heredoc)?.heredoc;
  return redirects.flatMap(({ op, fd, target }) => {
    if (!/^(?:>|>>|>\||&>|&>>)$/.test(op) || (fd !== undefined && fd !== "1")) return [];
    const path = argumentsOf(target, known)[0];
    if (!path || path.value === "/dev/null" || path.value === "/dev/stderr") return [];
    return [{ path, append: op.endsWith(">>"), ...optional("heredoc", heredoc) }];
  });
}

const interpreters = words("python python2 python3 node deno bun ruby perl php tsx ts-node");
const managers = words("npm yarn pnpm bun");
const applications = words(
  "gunicorn uvicorn daphne hypercorn celery flask granian uwsgi streamlit alembic dramatiq rq",
);
const shells = words("sh bash ash dash zsh ksh");
const programs = words(". source make gmake manage.py");
const interpreterValued = words("-m -W -X -r --require --import --loader --env-file -I");
const applicationValued = words(
  "-A --app -b --bind -w --workers -k --worker-class -c --config --host --port -t --timeout --log-level -l --loglevel --chdir -Q --queues -n --hostname --concurrency -f --threads --env --log-config --reload-dir --root-path -x --name -P --pool",
);

/** Asked first, because most commands are none: their context need not be copied. */
function isProgram(name: string, called: Argument): boolean {
  return (
    (called.value?.includes("/") ?? false) ||
    programs.has(name) ||
    interpreters.has(name) ||
    managers.has(name) ||
    applications.has(name) ||
    shells.has(name) ||
    name.startsWith("python")
  );
}

/** python, node, npm, gunicorn, `./x.sh`, `source x`, make; undefined for anything else. */
export function programCall(
  context: CallContext,
  name: string,
  args: readonly Argument[],
  called: Argument,
): ProgramCall | undefined {
  if (!isProgram(name, called)) return undefined;
  const call = { ...context, kind: "program" as const, name, args };
  if (name === "." || name === "source")
    return args[0] ? { ...call, name: "source", runs: "sourced", file: args[0] } : undefined;
  if (/^python[\d.]*$/.test(name) || interpreters.has(name)) {
    const { flags, operands } = readOptions(args, interpreterValued, true);
    const module = /^python/.test(name) ? flagValue(flags, "-m") : undefined;
    // After `-m x` the rest belongs to the module: its options are read as operands.
    if (module)
      return { ...call, runs: "module", module, ...optional("subcommand", args[args.indexOf(module) + 1]) };
    if (hasFlag(flags, "-c", "-e", "-p", "--eval")) return { ...call, runs: "other" };
    const [file, subcommand] = operands;
    return {
      ...call,
      runs: file ? "script" : "other",
      ...optional("file", file),
      ...optional("subcommand", subcommand),
    };
  }
  if (managers.has(name)) return packageScript(call, args);
  if (name === "make" || name === "gmake") {
    const { flags, operands } = readOptions(args, words("-C --directory -f --file -j -l -o -W"));
    const targets = operands.filter(arg => !arg.value?.includes("="));
    return {
      ...call,
      runs: "target",
      ...optional("subcommand", targets[0]),
      ...optional("file", flagValue(flags, "-f", "--file")),
    };
  }
  if (applications.has(name)) {
    const { flags, operands } = readOptions(args, applicationValued);
    const module =
      flagValue(flags, "-A", "--app") ?? (name === "celery" || name === "flask" ? undefined : operands[0]);
    const subcommand = operands.find(arg => arg !== module);
    return {
      ...call,
      runs: "application",
      ...optional("module", module),
      ...optional("subcommand", subcommand),
    };
  }
  if (shells.has(name)) {
    const { flags, operands } = readOptions(args, words("-o -O --rcfile --init-file"), true);
    return hasFlag(flags, "-c", "-s") || !operands[0]
      ? undefined
      : { ...call, runs: "script", file: operands[0] };
  }
  if (basename(name) === "manage.py" || called.value?.includes("/"))
    return { ...call, runs: "script", file: called, ...optional("subcommand", args[0]) };
  return undefined;
}

function packageScript(call: Omit<ProgramCall, "runs">, args: readonly Argument[]): ProgramCall {
  const { operands } = readOptions(args, words("--prefix -w --workspace -C --dir --filter --cwd"));
  const [first, second] = operands;
  if (first?.value === "run" || first?.value === "run-script" || first?.value === "workspace")
    return { ...call, runs: "package-script", ...optional("subcommand", second) };
  const own = words(
    "install ci i add exec publish audit pack init cache config dlx create x rebuild prune link",
  );
  const builtIn = first?.value === undefined || own.has(first.value);
  return { ...call, runs: builtIn ? "other" : "package-script", ...optional("subcommand", first) };
}
