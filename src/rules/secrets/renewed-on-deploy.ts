import type { Call } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import { basename } from "../../core/path.ts";
import { isSecretName } from "../../formats/secret.ts";
import { allCommands, type ShellCommand, type ShellScript } from "../../formats/shell.ts";
import { isHosted } from "../../stack/deploy-jobs.ts";
import { evidence, listPlain } from "../../stack/query.ts";
import { deployScripts } from "../../stack/query-deploy-scripts.ts";
import { worksOnServer } from "../../stack/query-emptying.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/renewed-on-deploy",
  title: "A deployment keeps the secrets of the one before",
  claim: "no-secret-leaks",
  severity: "high",
  why: "With a new signing key every user is logged out and every token becomes invalid; a new database password no longer opens the existing database.",
  *check(stack) {
    yield* newApplicationKeys(stack);
    for (const { script, file } of deployScripts(stack)) {
      // Its name says that it makes secrets, or a new server: nobody runs it to deploy.
      if (maker.test(basename(file)) || firstTime.test(basename(file))) continue;
      const writes = [...allCommands(script)].filter(({ command }) => writesEnvFile(command));
      if (writes.length === 0) continue;
      const found = new Map<string, [Evidence, ...Evidence[]]>();
      for (const { command } of allCommands(script)) {
        for (const { name, value, at } of command.assignments) {
          if (!isSecretName(name) || found.has(name) || isKept(script, command)) continue;
          if (!value.parts.some(part => part.kind === "command" && generates(part.script))) continue;
          const written = writes.find(each => mentions(each.command, name));
          if (!written || isKept(script, written.command)) continue;
          const places: [Evidence, ...Evidence[]] = [evidence(at, "a new value at every run")];
          const target = written.command.redirects.find(redirect => isEnvFile(redirect.target.text));
          if (target) places.push(evidence(target.at, "replaces the file"));
          found.set(name, places);
        }
      }
      const names = [...found.keys()];
      if (names.length === 0) continue;
      const [first, ...rest] = [...found.values()].flat();
      const seen = new Set([first!.at.span.start]);
      yield {
        subject: `${file} ${names[0]}`,
        message: `The deployment in ${file} makes a new ${names.length === 1 ? names[0] : listPlain(names)} and overwrites ${names.length === 1 ? "the one that is" : "those that are"} in use.`,
        evidence: [first!, ...rest.filter(({ at }) => !seen.has(at.span.start) && seen.add(at.span.start))],
      };
    }
  },
});

/** Laravel's key lies in its env file: the command writes a new one over it, whatever is there. */
function* newApplicationKeys(stack: Stack) {
  const seen = new Set<string>();
  // Scripts with the same command are one habit.
  const places: Evidence[] = [];
  // Where the program may only read its env file, the command writes none.
  if (
    stack.services.some(({ mounts }) => mounts.some(mount => mount.readOnly && /\/\.env$/.test(mount.target)))
  )
    return;
  for (const { call, caller, deploys } of stack.calls) {
    // On a pipeline's own machine it is the key of a test, unless the runner stands on the server.
    if (!(deploys || worksOnServer(stack, { caller })) || call.name !== "php" || isTestRun(call, caller))
      continue;
    const words = call.args.map(arg => arg.value ?? "?");
    if (!/(?:^|\/)artisan$/.test(words[0] ?? "") || words[1] !== "key:generate" || words.includes("--show"))
      continue;
    if (maker.test(basename(caller.file)) || firstTime.test(basename(caller.file))) continue;
    if (isKept(call.script, call.command) || seen.has(caller.file) || /^(?:\|\||&&)$/.test(joinedBy(call)))
      continue;
    if (isSealed(stack, call)) continue;
    seen.add(caller.file);
    places.push(evidence(call.at, "a new key at every release"));
  }
  const [first, ...more] = places;
  const files = [...seen];
  if (first)
    yield {
      subject: `${files[0]} APP_KEY`,
      message: `${files.length === 1 ? "The deployment in" : "The deployments in"} ${listPlain(files)} ${files.length === 1 ? "makes" : "make"} a new APP_KEY with \`artisan key:generate\`: everybody is logged out, and what was encrypted with the old one cannot be read any more.`,
      evidence: [first, ...more] as const,
      confidence: "likely" as const,
    };
}

/** In the container the env file is mounted to be read only: the command fails, and the key stays. */
function isSealed(stack: Stack, { inside }: Call): boolean {
  const called = inside?.name?.value;
  if (called === undefined) return false;
  const runs = stack.services.filter(
    ({ name, containerName }) => name === called || containerName?.text === called,
  );
  const files = runs.flatMap(({ mounts }) => mounts.filter(({ target }) => basename(target) === ".env"));
  return files.length > 0 && files.every(({ readOnly }) => readOnly);
}

/** How the command before it leads to this one: `grep -q ... .env || php artisan key:generate` asks first. */
function joinedBy({ script, command }: Call): string {
  return script.commands[command.index - 1]?.connector ?? "";
}

function isTestRun({ remote }: Call, { workflow, name }: PlacedCall["caller"]): boolean {
  return workflow !== undefined && !remote && isHosted(workflow, name);
}

const maker =
  /(?:generate|gen|create|make|init|rotate|setup)[-_](?:[\w-]*[-_])?(?:secrets?|keys?|env|credentials?)(?:[-_.]|$)/i;

const firstTime = /^(?:install|bootstrap)(?:[-_.]|$)/i;

function isEnvFile(path: string): boolean {
  return /(?:^|\/|["'])\.env(?:\.[\w-]+)*["']?$/.test(path) && !/example|sample/.test(path);
}

function writesEnvFile(command: ShellCommand): boolean {
  return command.redirects.some(redirect => /^>\|?$/.test(redirect.op) && isEnvFile(redirect.target.text));
}

function generates(script: ShellScript): boolean {
  return script.commands.some(command => {
    const text = command.words.map(word => word.text).join(" ");
    return /\bopenssl\s+rand\b|\/dev\/u?random|\bpwgen\b|\buuidgen\b|secrets\.token|get_random_secret_key|randomBytes/.test(
      text,
    );
  });
}

/** The name as a variable in the text that is written. */
function mentions(command: ShellCommand, name: string): boolean {
  const bodies = command.redirects.flatMap(redirect => redirect.heredoc?.parts ?? []);
  const parts = [...bodies, ...command.words.flatMap(word => word.parts)];
  return parts.some(part => part.kind === "variable" && part.name === name);
}

/** Only when there is nothing yet: a test for a file or for an earlier value stands around it. */
function isKept(script: ShellScript, command: ShellCommand): boolean {
  return command.within.some(step => {
    if (step.construct.kind === "function") return false;
    const conditions = script.commands.filter(other =>
      other.within.some(each => each.construct === step.construct && each.part === "condition"),
    );
    return conditions.some(condition => {
      const text = condition.words.map(word => word.text).join(" ");
      if (/\s-[efs]\s|\bgrep\b|\btest\b.*-[efs]/.test(` ${text} `)) return true;
      // `-z "$SECRET_KEY"` may hold what the server has; `-z "${{ secrets.X }}"` knows nothing of it.
      return /-[zn]\s/.test(text) && !text.includes("${{");
    });
  });
}
