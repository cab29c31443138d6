import { filesBelow, isTest } from "../artifacts/project-files.ts";
import { sourceOf } from "../core/project-files.ts";
import { isHosted } from "./deploy-jobs.ts";
import { migrates, projectOf } from "./query-release.ts";
import { isNeverReached } from "./query-start.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** Whether any file of a deployment speaks of bringing the database to the schema of the code. */

const words =
  /\bmigrate\b|alembic|db:(?:migrat|prepare|setup|schema:load)|prisma\s+(migrate|db)|db\s+upgrade|makemigrations|migration:run|run[-_]?migrations?|syncdb|create_all/i;
const texts = /(\.(sh|bash|ya?ml|json|toml|ini|cfg|conf|mk)|Dockerfile[\w.-]*|Makefile|Procfile|justfile)$/i;
const starts =
  /(^|\/)(Procfile|justfile|Taskfile\.ya?ml|fabfile\.py|tasks\.py|release\.\w+|[\w-]*uwsgi[\w-]*\.(ini|toml|ya?ml)|supervisord?[\w-]*\.conf|gunicorn[\w.-]*\.py|(docker-)?entrypoint[\w.-]*|start[\w.-]*|run[\w.-]*|prestart[\w.-]*)$/;

/** Any command or file of the deployment that speaks of migrations: somebody has thought of it. */
export function mentionsMigration(stack: Stack): boolean {
  const migrating = stack.calls.filter(placed => migrates(placed.call));
  const idle = migrating.filter(placed => isNeverReached(stack, placed.call));
  if (migrating.some(placed => !idle.includes(placed) && !onWorkstation(stack, placed))) return true;
  const idleFiles = new Set(idle.map(placed => placed.caller.file));
  for (const [path, source] of stack.sources)
    if (
      texts.test(path) &&
      !idleFiles.has(path) &&
      words.test(spoken(stack, path, source.text)) &&
      !isForWork(stack, path)
    )
      return true;
  if (pagesOf(stack).some(text => tellsPeople.test(text))) return true;
  return stack.files.paths.some(path => {
    if (!starts.test(path) || idleFiles.has(path) || hasProductionTwin(stack, path)) return false;
    const read = stack.files.read(path);
    return "source" in read && words.test(read.source.text.replace(switchedOff, ""));
  });
}

/** The READMEs of the root and of the folders below it. */
function pagesOf({ files }: Stack): string[] {
  const paths = files.paths.filter(path => /^(?:[\w.-]+\/){0,2}readme\.md$/i.test(path)).slice(0, 12);
  return paths.flatMap(path => {
    const read = files.read(path);
    return "source" in read ? read.source.text : [];
  });
}

/** A page has people do it in the container of production's file. */
const tellsPeople =
  /^[ \t>$]*docker[- ]compose [^\n]{0,80}-f [\w./-]*prod[\w./-]* [^\n]{0,40}\b(?:exec|run) [^\n]{0,80}(?:\bmigrate|:migrate|db upgrade|migration:run|alembic upgrade)/im;

/** What a manifest offers for work on the schema itself brings nothing to a server. */
const work =
  /"[^"\n]*"\s*:\s*"[^"\n]*\bprisma (?:migrate (?:dev|reset|diff|status)|db (?:seed|pull))\b[^"\n]*"/g;

function spoken(stack: Stack, path: string, text: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  // The settings of a tool, and its name among the packages, run nothing.
  if (name === "alembic.ini") return "";
  if (name === "pyproject.toml")
    return text.replace(/^[ \t]*["']?(?:flask-)?(?:alembic|migrate)\b[^\n]*$/gim, "");
  if (name === "composer.json")
    return text.replace(composerScript, (all, script) => (isRun(stack, script) ? all : ""));
  return name === "package.json" ? startedScripts(stack, path) : text.replace(switchedOff, "");
}

/** A script of Composer that is a list of commands: those that an install runs by itself have names of its events. */
const composerScript = /"([\w:-]+)"\s*:\s*\[[^\]]*\]/g;

function isRun(stack: Stack, script: string): boolean {
  if (/^(?:pre|post)-(?:install|update|autoload)/.test(script)) return true;
  const call = new RegExp(`\\bcomposer (?:[\\w-]+ )?${script.replace(/[^\w-]/g, "\\$&")}(?![\\w:-])`);
  return callers(stack).some(said => said.includes(script) && call.test(said));
}

/** A command that somebody has commented out; what a comment tells people to do begins with words. */
const switchedOff =
  /^[ \t]*#[# \t]*(?:python[\d.]* |py |(?:\.\/)?manage\.py |alembic |flask |npx |php |rails |bundle |rake |npm run |yarn |pnpm )[^\n]*$/gm;

/** The package scripts that something of the deployment runs: the others are an offer to people. */
function startedScripts(stack: Stack, path: string): string {
  const scripts = stack.components.find(({ package: own }) => own?.file === path)?.package?.scripts;
  // Nobody deploys from the root of a workspace without a program of its own, but its scripts may be called.
  if (!scripts) return sourceOf(stack, path)?.text.replace(work, "") ?? "";
  const started = new Set(
    [...scripts.keys()].filter(
      name => byItself.test(name) || callers(stack).some(said => callsScript(said, name)),
    ),
  );
  for (const name of started)
    for (const other of scripts.keys()) if (callsScript(scripts.get(name)!.value, other)) started.add(other);
  return [...started].map(name => scripts.get(name)!.value.replace(devOnly, "")).join("\n");
}

const calling = new WeakMap<Stack, readonly string[]>();

/** The texts that may call a package script, for all manifests of a tree once. */
function callers(stack: Stack): readonly string[] {
  const known = calling.get(stack);
  if (known) return known;
  const found = [...stack.sources].flatMap(([path, { text }]) =>
    texts.test(path) && !path.endsWith("package.json") ? [text] : [],
  );
  calling.set(stack, found);
  return found;
}

const devOnly = /\bprisma (?:migrate (?:dev|reset|diff|status)|db (?:seed|pull))\b/g;

/** `npm run db:migrate`, `"run", "db:migrate"`, `yarn db:migrate`. */
function callsScript(said: string, name: string): boolean {
  if (!said.includes(name)) return false;
  const literal = name.replace(/[^\w-]/g, "\\$&");
  return new RegExp(
    `\\b(?:run|yarn|pnpm|npm|bun|turbo|nx|npm-run-all|run-s|run-p|concurrently)\\b[^\\n]*[\\s"':,]${literal}(?![\\w:-])`,
  ).test(said);
}

/** Package scripts that a start, an install, a build or a release runs. */
const byItself =
  /^(?:(?:pre|post)?(?:start|install|build|deploy|release)(?::prod(?:uction)?)?|prepare|heroku-postbuild|vercel-build|docker\S*|prod|production)$/;

/** The command runs in a container of a stack for development, by a script for development, or in a runner that is thrown away. */
function onWorkstation(stack: Stack, placed: PlacedCall): boolean {
  const { caller } = placed;
  if (caller.kind === "workflow")
    return (
      !placed.deploys &&
      !placed.call.remote &&
      caller.workflow !== undefined &&
      isThrownAway(caller.workflow.source.text) &&
      isHosted(caller.workflow, caller.name)
    );
  if (hasProductionTwin(stack, caller.file)) return true;
  return worksOnDevelopment(
    stack,
    stack.calls.filter(other => other.caller.file === caller.file && other.caller.name === caller.name),
  );
}

function isForWork(stack: Stack, path: string): boolean {
  if (hasProductionTwin(stack, path)) return true;
  const projects = stack.projects.filter(project => project.files.includes(path));
  if (projects.length > 0) return projects.every(project => project.grade === "development");
  const workflow = stack.workflows.find(({ file }) => file === path);
  if (workflow)
    return (
      isThrownAway(workflow.source.text) && !stack.calls.some(one => one.caller.file === path && one.deploys)
    );
  return (
    stack.makefiles.some(({ file }) => file === path) &&
    worksOnDevelopment(
      stack,
      stack.calls.filter(({ caller }) => caller.file === path),
    )
  );
}

/** Every Compose call among them works on a stack for development, and there is one. */
function worksOnDevelopment(stack: Stack, calls: readonly PlacedCall[]): boolean {
  const composed = calls.filter(({ call }) => call.kind === "compose");
  return composed.length > 0 && composed.every(placed => projectOf(stack, placed)?.grade === "development");
}

/** The workflow knows no server and no database but its own: what it migrates is gone after the job. */
function isThrownAway(text: string): boolean {
  return !/\bsecrets\.\w*(?:DB|DATABASE|POSTGRES|PG|MYSQL|URL|URI|SSH|HOST|SERVER|KEY)/i.test(text);
}

const production = ["production", "prod"];

/** `compose/local/start` beside `compose/production/start`, `start-dev` beside `start-prod`: the server runs the other. */
function hasProductionTwin(stack: Stack, path: string): boolean {
  const name = /(^|[-_./])(local|dev|development|test|testing)(?=[-_./]|$)/g;
  for (const found of path.matchAll(name)) {
    const before = path.slice(0, found.index) + found[1];
    const after = path.slice(found.index + found[0].length);
    if (production.some(word => stack.files.has(before + word + after) === "file")) return true;
  }
  return false;
}

/** How programs apply their migrations themselves, when they start. */
const inCode =
  /\bcall_command\(\s*["']migrate|\bcommand\.upgrade\(|\bflask_migrate\b[^\n]*\bupgrade\b|\bmigrationsRun\s*:\s*(?!false)|\brun_?migrations\b|\bmigrate\.latest\(|\bumzug\b|prisma["', ]+(?:migrate["', ]+deploy|db["', ]+push)|\bArtisan::call\(\s*["']migrate|\balembic["', ]+upgrade|\bsynchronize\s*:\s*(?!false)|\bmigrate\(\s*(?:db|app)\b|\bmigrate\.New\w*\(|\bgoose\.Up\w*\(|\bAutoMigrate\(|\bcreate_all\(|\b(?:sequelize|db)\.sync\(|\bmigrate as \w+ \} from ["']drizzle-orm\//i;

/** The same of Entity Framework and its like, whose calls stand in any project of the solution. */
const inSharp =
  /\.(?:Migrate|EnsureCreated)(?:Async)?\(|\bDbUp\b|\bDeployChanges\b|\bMigrateUp\(|\bIMigrator\b|\bRoundhouse\b|\bEvolve\(/;

/** Some code of .NET in the repository, tests left out, migrates. */
export function migratesInSharp(stack: Stack): boolean {
  return stack.files.paths.some(path => {
    if (!path.endsWith(".cs") || isTest(path) || /Tests?\/|(?:^|\/)Migrations\//.test(path)) return false;
    const read = stack.files.read(path);
    return "source" in read && inSharp.test(read.source.text);
  });
}

/** Source under the directory that migrates by itself. */
export function migratesInCode(stack: Stack, directory: string): boolean {
  return filesBelow(stack.files, directory).some(path => {
    if (!/\.(py|[cm]?[jt]s|php|rb|go)$/.test(path)) return false;
    if (/(^|\/)(tests?|__tests__|node_modules|migrations|versions|vendor)\/|\.(test|spec)\.\w+$/.test(path))
      return false;
    const read = stack.files.read(path);
    return "source" in read && inCode.test(read.source.text);
  });
}
