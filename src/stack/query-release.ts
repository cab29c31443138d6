import type { Call } from "../artifacts/commands.ts";
import type { Concurrency, Job, Workflow } from "../artifacts/workflow.ts";
import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { ShellCommand, ShellScript } from "../formats/shell.ts";
import { filesOf } from "./calls.ts";
import { startsOnHostedRunner } from "./deploy-jobs.ts";
import type { ComposeProject, Grade, PlacedCall, Service, Stack } from "./stack.ts";

/** Questions about how a release is brought to the server. */

/** The commands of one deploy script, Makefile target or workflow job, in their order. */
export interface ReleaseRun {
  readonly file: string;
  /** "job "deploy" of .github/workflows/x.yml" or the script's path, for messages. */
  readonly title: string;
  readonly placed: readonly PlacedCall[];
  readonly calls: readonly Call[];
  /** The calls that start the new version. */
  readonly starts: readonly Call[];
  /** All that it starts is a test server's: one step less. */
  readonly grade: Grade;
}

const store = "(?:postgres(?:ql)?|pg|mysql|mariadb|mongo(?:db)?|db|database)";
/** Work on the data, for which the stack has to stand still: no release, although it stops and starts. */
const maintenance = new RegExp(
  `(?:^|[-_.])(?:restore|backup|(?:upgrade|migrate|convert|repair)[-_](?:\\w+[-_])?${store}|${store}(?:[-_]\\w+)*[-_](?:upgrade|migrate|migration|convert))(?:[-_.]|$)`,
  "i",
);

const runsOf = new WeakMap<Stack, readonly ReleaseRun[]>();

/** Every run that starts containers on a server; runs of Compose projects for a workstation are left out. */
export function releaseRuns(stack: Stack): readonly ReleaseRun[] {
  let runs = runsOf.get(stack);
  if (!runs) {
    runs = findRuns(stack);
    runsOf.set(stack, runs);
  }
  return runs;
}

function findRuns(stack: Stack): ReleaseRun[] {
  const groups = new Map<string, PlacedCall[]>();
  for (const placed of stack.calls) {
    const key = `${placed.caller.file}\n${placed.caller.name ?? ""}`;
    const group = groups.get(key);
    if (group) group.push(placed);
    else groups.set(key, [placed]);
  }
  const runs: ReleaseRun[] = [];
  for (const placed of groups.values()) {
    const starts = placed.filter(
      each =>
        each.deploys &&
        startsContainers(each.call) &&
        !startsOnHostedRunner(each) &&
        !forWorkstation(stack, each),
    );
    if (starts.length === 0) continue;
    const { file, name, kind } = placed[0]!.caller;
    const called = kind === "script" ? basename(file) : (name ?? "");
    if (maintenance.test(called) && !/deploy|release|rollout/i.test(called)) continue;
    const title =
      kind === "script"
        ? file
        : `${kind === "workflow" ? "job" : kind === "stage" ? kind : "target"} "${name}" of ${file}`;
    const calls = placed.map(each => each.call);
    const before =
      kind === "workflow" && /(?:^|[-_.])(?:stage|staging|stg|uat)(?:[-_.]|$)/i.test(basename(file));
    const grade =
      before || starts.every(each => projectOf(stack, each)?.grade === "staging") ? "staging" : "deployed";
    runs.push({ file, title, placed, calls, starts: starts.map(each => each.call), grade });
  }
  return runs;
}

/** `compose up`, `docker run -d`, `docker stack deploy`: a new version begins to run. */
export function startsContainers(call: Call): boolean {
  if (call.kind === "compose") return call.subcommand === "up";
  if (call.kind === "docker-run") return call.detach;
  return call.kind === "docker" && (call.verb === "stack deploy" || call.verb === "service update");
}

function forWorkstation(stack: Stack, placed: PlacedCall): boolean {
  return projectOf(stack, placed)?.grade === "development";
}

/** The Compose project that a call works on. */
export function projectOf(stack: Stack, placed: PlacedCall): ComposeProject | undefined {
  if (placed.call.kind !== "compose") return undefined;
  const files = filesOf(placed.call, placed, stack.calls, stack.files).join("\n");
  const find = (list: string) => stack.projects.find(project => project.files.join("\n") === list);
  const found = files === "" ? undefined : find(files);
  return found?.meant ? find(found.meant.join("\n")) : found;
}

/** `--build` where no service of the project is built. */
export function buildsNothing(stack: Stack, placed: PlacedCall): boolean {
  const { call } = placed;
  const services = projectOf(stack, placed)?.services ?? [];
  return (
    call.kind === "compose" &&
    call.subcommand === "up" &&
    services.length > 0 &&
    !services.some(each => each.build)
  );
}

/** The call's project builds its own programs, and pulls images of others at most; or it is made of these alone. */
export function buildsItsOwn(stack: Stack, placed: PlacedCall): boolean {
  const services = projectOf(stack, placed)?.services ?? [];
  // What a pipeline has pushed is what the release is to bring: only what is built here is there anyway.
  const built = new Set(services.flatMap(({ build, image }) => (build && image ? image.text : [])));
  const isOurs = ({ build, image }: Service): boolean => build !== undefined || built.has(image?.text);
  return (
    services.length > 0 &&
    services.every(each => isOurs(each) || (each.facts && !each.made) || isOthers(each))
  );
}

/** `gitea/gitea`: people give their product and its publisher one name. */
function isOthers({ imageRef }: Service): boolean {
  const [owner, name, ...more] = imageRef?.name.split("/") ?? [];
  return owner !== undefined && owner === name && more.length === 0;
}

/** `. ./.env`: no other commands come with it. */
export function setsVariables(call: Call): boolean {
  return (
    call.kind === "program" &&
    call.runs === "sourced" &&
    /(?:^|\/)\.env[\w.-]*$/.test(call.file?.word.text.replace(/["']/g, "") ?? "")
  );
}

/** Builds or pulls images. */
export function fetchesImages(call: Call): boolean {
  if (call.kind === "docker-build") return true;
  if (call.kind === "docker") return call.verb === "pull";
  return call.kind === "compose" && (call.subcommand === "build" || call.subcommand === "pull" || call.build);
}

const migrateWords =
  /\b(manage(\.py)? migrate|alembic (-\S+ \S+ )*upgrade|flask db upgrade|prisma migrate deploy|prisma db push|knex migrate:latest|sequelize(-cli)? db:migrate|typeorm migration:run|drizzle-kit (migrate|push)|(rails|rake) db:(migrate|prepare)|artisan migrate|flyway migrate|(npm|pnpm|bun) run (db:)?migrat\w*|yarn (run )?(db:)?migrat\w*|aerich upgrade|goose (\S+ ){0,8}up|migrate up|diesel migration run|doctrine:migrations:migrate|spark migrate|phinx migrate|yii migrate|ecto\.migrate|dotnet ef database update|ace migration:run|mikro-orm migration:up|sqlx migrate run|dbmate (\S+ ){0,8}up)\b(?!:(create|generate|make|new|revert|rollback|down|undo|reset|status|dev|show|list))/;

/** Changes the schema of a database. */
export function migrates(call: Call): boolean {
  if (call.kind !== "program" && call.kind !== "tool" && call.kind !== "compose") return false;
  return isMigration(wordsOf(call));
}

/** A command line that changes the schema of a database. */
export function isMigration(words: string): boolean {
  return migrateWords.test(words);
}

const lines = new WeakMap<Call, string>();

/** A call as one line of plain words; unknown words stand as `?`. */
export function wordsOf(call: Call): string {
  let line = lines.get(call);
  if (line === undefined) {
    line = call.name;
    for (const arg of call.args) line += ` ${arg.value ?? "?"}`;
    lines.set(call, line);
  }
  return line;
}

/** Says something, nothing more. */
export function onlySpeaks(call: Pick<Call, "name">): boolean {
  return ["echo", "printf", "sleep", "true", ":", "date"].includes(call.name);
}

/** Both run in the same pass over the script: neither stands in a branch or function that the other is not in. */
export function runTogether(before: Call, after: Call): boolean {
  if (before.function !== after.function) return false;
  if (before.script !== after.script) return before.command.within.every(step => !branches(step));
  return before.command.within.every(
    (step, index) =>
      !branches(step) ||
      (after.command.within[index]?.construct === step.construct &&
        after.command.within[index]?.part === step.part &&
        after.command.within[index]?.patterns === step.patterns),
  );
}

function branches({ construct, part }: ShellCommand["within"][number]): boolean {
  return part !== "condition" && (construct.kind === "if" || construct.kind === "case");
}

/** Whether the shell stops at a failing command of this index, as far as its own `set` lines tell. */
export function optionAt(
  script: ShellScript,
  name: "errexit" | "pipefail",
  index: number,
  start: boolean,
): boolean {
  const change = script.options.filter(option => option.name === name && option.from <= index).at(-1);
  return change?.on ?? start;
}

/** Where a command ends: behind its last word or redirect. */
export function endOf(at: Location): Location {
  return { file: at.file, span: { start: at.span.end, end: at.span.end } };
}

/** A job of a workflow that changes a server or a cluster. */
export interface DeployJob {
  readonly workflow: Workflow;
  readonly job: Job;
  /** How the machines are written that it works on: `secrets.HOST`, `shop.example`. */
  readonly hosts: readonly string[];
}

const platformTools = new Set(
  "kubectl helm fly flyctl terraform tofu ansible-playbook kamal dokku nomad cdk pulumi serverless sls".split(
    " ",
  ),
);

/** Jobs that reach a server over ssh, start containers, or call a platform's tool in a job named for deploying. */
export function deployJobs(stack: Stack): DeployJob[] {
  return stack.workflows.flatMap(workflow =>
    workflow.jobs.flatMap(job => {
      const own = stack.calls.filter(
        ({ caller }) => caller.workflow === workflow && caller.name === job.id.value,
      );
      const hosts = hostsOf(
        job,
        own.map(each => each.call),
      );
      const acts = own.some(placed => {
        const { call, deploys } = placed;
        if (!deploys) return false;
        if (call.remote || platformTools.has(call.name)) return true;
        return startsContainers(call) && !startsOnHostedRunner(placed);
      });
      return hosts.length > 0 || acts ? [{ workflow, job, hosts }] : [];
    }),
  );
}

function hostsOf(job: Job, calls: readonly Call[]): string[] {
  const written = job.steps.flatMap(step =>
    step.uses && (step.remoteScript || step.calls.some(call => call.kind === "remote-copy"))
      ? (step.with.get("host")?.value ?? [])
      : [],
  );
  for (const call of calls)
    if (call.kind === "ssh" && !call.remote && call.destination) written.push(call.destination.word.text);
  const names = written.map(text =>
    text
      .replace(/^["']|["']$/g, "")
      .replace(/^(\$\{\{[^}]*\}\}|[^@{}]*)@(?=.)/, "")
      .replace(/^\$\{\{\s*|\s*\}\}$/g, "")
      .trim(),
  );
  return [...new Set(names)];
}

/** Image references that a run or workflow can push again under the same name. */
export function isMutableTag(reference: string): boolean {
  const tag = /:([^/:@]+)$/.exec(reference)?.[1];
  return (
    tag === undefined ||
    /^(latest|prod|production|stag(e|ing)|dev|develop|main|master|stable|release|current|test|edge|nightly|live|qa)$/i.test(
      tag,
    )
  );
}

/** The group that makes runs wait for each other; one that names the run or the commit is new for every push. */
export function sharedGroup(concurrency: Concurrency | undefined): Concurrency | undefined {
  return /github\.(run_id|run_number|sha)\b/.test(concurrency?.group?.value ?? "") ? undefined : concurrency;
}

const testWords =
  /(?:^|\s)[\w./-]+\.sh (?:run )?tests?(?:\s|$)|(?:^|\s)python[\d.]* -m unittest\b|(^|\s)(pytest|tox|nox|vitest|jest|mocha|ava|rspec|phpunit|pest|cypress|playwright|nightwatch|ctest|behave|flake8|ruff|mypy|pyright|pylint|black|eslint|tsc|rubocop|golangci-lint|hadolint|pre-commit)(\s|$)|\b(npm|yarn|pnpm|bun|deno|go|cargo|mvn|mvnw|gradle|gradlew|dotnet|mix|make|just|task|manage\.py|artisan|rails|rake|node|unittest|composer|poetry run|uv run) ((run|-\S+) )*[\w:-]*(test|tests|check|lint|vet|verify|typecheck|e2e|--test)\b/;

/** A command line, as `wordsOf` gives it, that tests or checks the code. */
export function isTest(words: string): boolean {
  return testWords.test(words) || (packing.test(words) && !untested.test(words));
}

/** It runs tests: in a shell, by its name, or by an action for them or for a build tool that is told to: `command: test`. */
export function isTestStep({ calls, name, uses, with: inputs }: Job["steps"][number]): boolean {
  return (
    calls.some(call => !call.remote && isTest(wordsOf(call))) ||
    /^(run )?(all |the |unit |integration |e2e )*(tests?|lint)\b/i.test(name?.value ?? "") ||
    /test|lint|cypress|playwright|pre-commit|sonar|codeql/i.test(uses?.repository ?? "") ||
    (uses !== undefined &&
      ["command", "cmd", "args", "arguments", "run"].some(key =>
        /\btest\b/.test(inputs.get(key)?.value ?? ""),
      ))
  );
}

/** The phases of Gradle and Maven that come after the tests. */
const packing =
  /^(?:\S*\/)?(?:gradlew?(?:\.bat)?(?: \S+)*? :?(?:[\w-]+:)*build|mvnw?(?:\.cmd)?(?: \S+)*? (?:package|install|deploy))(?: |$)/;
const untested =
  / (?:-x|--exclude-task) \S*(?:test|check)\b|-Dmaven\.test\.skip(?!=false)|-DskipTests(?!=false)/;

const otherServices =
  /^(?:\.circleci\/config\.ya?ml|\.(?:travis|appveyor|cirrus|drone|woodpecker|semaphore\/semaphore)\.ya?ml|appveyor\.ya?ml|azure-pipelines[\w.-]*\.ya?ml|bitbucket-pipelines\.ya?ml|\.(?:buildkite|woodpecker)\/[\w.-]+|Jenkinsfile[\w.-]*)$/;

/** A service whose pipelines are not read runs tests of this repository. */
export function testsElsewhere({ files }: Stack): boolean {
  return files.paths.some(path => {
    const read = otherServices.test(path) ? files.read(path) : undefined;
    return (
      read !== undefined &&
      "source" in read &&
      read.source.text.split("\n").some(line => isTest(line) && !/-x test|skipTests/.test(line))
    );
  });
}

/** What the shell was started with: steps of a workflow stop by themselves, remote shells and files do not. */
export function startsStrict(call: Call, stack: Stack): boolean {
  for (const step of stack.workflows.flatMap(each => each.jobs).flatMap(job => job.steps)) {
    if (step.run?.script === call.script) return step.run.errexit;
    if (step.remoteScript === call.script) return step.with.get("script_stop")?.value === "true";
  }
  // Jenkins starts the shell of each step with `-xe`.
  if (!call.remote && stack.calls.some(each => each.caller.kind === "stage" && each.call === call))
    return true;
  const file = stack.scripts.find(each => each.script === call.script);
  return /^#!.*\s-[a-z]*e/.test(file?.source.text.slice(0, 80).split("\n")[0] ?? "");
}

/** Whether the shell was started with pipefail. */
export function pipesStrict(call: Call, stack: Stack): boolean {
  return stack.workflows
    .flatMap(each => each.jobs)
    .some(job => job.steps.some(step => step.run?.script === call.script && step.run.pipefail));
}

/** Settings of programs that others make: there is nothing to test. */
export const isOfOthers = ({ services, builds, components }: Stack): boolean =>
  services.length > 0 && builds.length + components.length === 0 && !services.some(({ build }) => build);
