import type { Located } from "../core/source.ts";
import type { Heredoc, ShellCommand, ShellScript, Word } from "../formats/shell.ts";

/**
 * One argument as a program gets it. `value` is undefined when it depends on something unknown. Paths below the
 * project's root that a script makes absolute (`"$ROOT/compose.yml"`) are given relative to the call's `cwd`.
 */
export interface Argument extends Located<string | undefined> {
  readonly word: Word;
  /** The value holds only while nobody sets a variable for which the script names a default. */
  readonly assumed?: true;
  /** The argument is one of several that an unquoted variable was split into. */
  readonly split?: true;
}

/** How a call that is not written as a command of the script itself comes to run. */
export type Via =
  | "ssh-stdin"
  | "ssh-argument"
  | "ssh-action"
  | "shell-stdin"
  | "shell-string"
  | "substitution"
  | "exec"
  | "function";

/** Where a command runs when it is not the host: inside a service of Compose, a container, or a new one of an image. */
export interface Inside {
  readonly kind: "service" | "container" | "image";
  readonly name: Argument | undefined;
}

export interface Flag {
  /** With its dashes, long or short as written; combined short flags are listed one by one. */
  readonly name: string;
  /** For `--name=value`, `--name value` and `-nvalue`. */
  readonly value?: Argument;
  readonly at: Argument["at"];
}

interface CallBase {
  readonly at: Located<string>["at"];
  /** The shell command that it stands in, and the script that lists that command. */
  readonly command: ShellCommand;
  readonly script: ShellScript;
  /** The program's name without its folder. */
  readonly name: string;
  /** Everything after the program's name. */
  readonly args: readonly Argument[];
  /**
   * Working directory: "" for the root of the repository, `a/b` below it, `/opt/x` or `~/x` elsewhere; undefined
   * when unknown. For a remote call it is on the other machine, `~` at first.
   */
  readonly cwd: string | undefined;
  /** Runs on another machine. */
  readonly remote: boolean;
  readonly via?: Via;
  readonly inside?: Inside;
  /** `sudo`, `timeout`, `env`... in front, outermost first. */
  readonly wrappers: readonly string[];
  /** `X=1 command`, `env X=1 command`. */
  readonly environment: readonly { readonly name: string; readonly value: string | undefined }[];
  /** Where standard input comes from. `script`: the rest of the script that is being read from it. */
  readonly stdin: "inherited" | "file" | "heredoc" | "pipe" | "script";
  /** Files that its standard output is written to, with the heredoc that gives their text. */
  readonly writes: readonly FileWrite[];
  /** The function that it stands in; `command.of` names one that stands in the place of its call. */
  readonly function?: string;
}

/** `docker compose ...` or `docker-compose ...`. */
export interface ComposeCall extends CallBase {
  readonly kind: "compose";
  /** `docker-compose`: the retired Python program or its stand-in. */
  readonly legacy: boolean;
  /** `-f`; empty for the default files. Relative to `cwd`. */
  readonly files: readonly Argument[];
  readonly project?: Argument;
  readonly profiles: readonly Argument[];
  readonly envFiles: readonly Argument[];
  readonly projectDirectory?: Argument;
  /** Undefined when not known or left out. */
  readonly subcommand: string | undefined;
  /** Options of the subcommand. */
  readonly flags: readonly Flag[];
  /** Services named; for `exec` and `run` the one. Empty: all. */
  readonly services: readonly Argument[];
  readonly detach: boolean;
  readonly build: boolean;
  readonly removeOrphans: boolean;
  /** `down -v`, `rm -v`: volumes are deleted. */
  readonly volumes: boolean;
  readonly noDeps: boolean;
  readonly wait: boolean;
  readonly forceRecreate: boolean;
  /** `exec` and `run` only. `tty` is false with -T. `command` is empty for the image's own. */
  readonly exec?: { readonly tty: boolean; readonly user?: Argument; readonly command: readonly Argument[] };
}

export interface DockerBuildCall extends CallBase {
  readonly kind: "docker-build";
  /** Relative to `cwd`; `-` for standard input. */
  readonly context: Argument | undefined;
  readonly file?: Argument;
  readonly target?: Argument;
  readonly buildArgs: readonly Argument[];
  readonly tags: readonly Argument[];
  readonly platforms: readonly Argument[];
  readonly push: boolean;
  readonly noCache: boolean;
  readonly flags: readonly Flag[];
}

export interface DockerRunCall extends CallBase {
  readonly kind: "docker-run";
  readonly image: Argument | undefined;
  readonly containerName?: Argument;
  readonly networks: readonly Argument[];
  /** `-v` and `--mount`. */
  readonly volumes: readonly Argument[];
  readonly publishes: readonly Argument[];
  readonly envs: readonly Argument[];
  readonly envFiles: readonly Argument[];
  readonly detach: boolean;
  readonly remove: boolean;
  readonly flags: readonly Flag[];
  readonly runCommand: readonly Argument[];
}

export interface DockerExecCall extends CallBase {
  readonly kind: "docker-exec";
  readonly container: Argument | undefined;
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly user?: Argument;
  readonly flags: readonly Flag[];
  readonly execCommand: readonly Argument[];
}

/** Any other use of docker: `verb` is `system prune`, `volume rm`, `stop`, `cp`, `login`, `stack deploy`... */
export interface DockerCall extends CallBase {
  readonly kind: "docker";
  readonly verb: string;
  readonly flags: readonly Flag[];
  readonly operands: readonly Argument[];
}

export interface SshCall extends CallBase {
  readonly kind: "ssh";
  /** `user@host` as one argument. */
  readonly destination: Argument | undefined;
  readonly user?: string;
  readonly host?: string;
  readonly flags: readonly Flag[];
  /** The remote command's words; empty for a login shell. */
  readonly remoteCommand: readonly Argument[];
  /** The script that the remote shell runs, when it is in the text. */
  readonly remoteScript?: ShellScript;
}

/** `scp` and `rsync`. */
export interface CopyCall extends CallBase {
  readonly kind: "remote-copy";
  readonly direction: "upload" | "download" | "local" | undefined;
  readonly sources: readonly Argument[];
  readonly destination: Argument | undefined;
  /** rsync --delete and its kin. */
  readonly deletes: boolean;
  readonly flags: readonly Flag[];
}

/** A client of a data store: dumps, restores, queries, readiness probes. */
export interface DatabaseCall extends CallBase {
  readonly kind: "database";
  readonly user?: Argument;
  readonly database?: Argument;
  readonly host?: Argument;
  readonly port?: Argument;
  /** A password or URL on the command line. */
  readonly password?: Argument;
  readonly url?: Argument;
  /** Output or input file by option. */
  readonly file?: Argument;
  /** SQL by option. */
  readonly statement?: Argument;
  readonly flags: readonly Flag[];
  readonly operands: readonly Argument[];
}

export interface HttpCall extends CallBase {
  readonly kind: "http";
  readonly urls: readonly Argument[];
  /** An answer of 400 and above makes it fail: `curl -f`, and wget always. */
  readonly fails: boolean;
  readonly follows: boolean;
  readonly insecure: boolean;
  readonly timeout?: Argument;
  readonly retries?: Argument;
  readonly output?: Argument;
  readonly flags: readonly Flag[];
}

/** cp mv rm ln mkdir chmod chown tar zip gzip cat tee touch install. `writes` has also what tee writes. */
export interface FileCall extends CallBase {
  readonly kind: "file";
  readonly flags: readonly Flag[];
  readonly operands: readonly Argument[];
}

export interface FileWrite {
  readonly path: Argument;
  readonly append: boolean;
  readonly heredoc?: Heredoc;
}

/** A program or script that is started: python, node, npm, gunicorn, `./deploy.sh`, `source x`, make. */
export interface ProgramCall extends CallBase {
  readonly kind: "program";
  /** The file that is run or sourced, relative to `cwd`. */
  readonly file?: Argument;
  /** `python -m x`, `celery -A x`, `gunicorn x:app`. */
  readonly module?: Argument;
  /** `manage.py migrate`, `npm run build` (build), `celery worker`, `make target`. */
  readonly subcommand?: Argument;
  readonly runs: "script" | "sourced" | "module" | "package-script" | "target" | "application" | "other";
}

/** Everything else with a known name: sleep, git, aws, kubectl, systemctl, echo, grep... */
export interface ToolCall extends CallBase {
  readonly kind: "tool";
}

export type Call =
  | ComposeCall
  | DockerBuildCall
  | DockerRunCall
  | DockerExecCall
  | DockerCall
  | SshCall
  | CopyCall
  | DatabaseCall
  | HttpCall
  | FileCall
  | ProgramCall
  | ToolCall;

/** What all calls of one command line have in common: everything but what its words mean. */
export type CallContext = Omit<CallBase, "args" | "name">;
