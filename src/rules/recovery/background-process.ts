import { basename } from "../../core/path.ts";
import type { ShellCommand, ShellScript } from "../../formats/shell.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { mainScript, startWords } from "../../stack/query-main-script.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { workerName } from "../../stack/query-workers.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/background-process",
  title: "Every program of a container is noticed when it ends",
  claim: "survives-kill",
  severity: "medium",
  why: "Docker watches the first process alone: a worker that crashed in the background stays down while the container counts as running, and its jobs wait until somebody misses them.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      // A supervisor starts again what it started.
      if (startWords(service).some(word => supervisor.test(basename(word.value ?? "")))) continue;
      const main = mainScript(stack, service);
      const left = main && leftAlone(main.script);
      if (!left) continue;
      const at = main.inFile ? left.command.at : main.at;
      if (!first(at)) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" starts ${left.name} in the background${left.stays ? ` of ${left.stays}` : ""}: when it dies, the container runs on without it and nothing starts it again.`,
        evidence: [evidence(at, `${left.name} runs in the background`)],
        severity: weigh(service, "medium"),
      };
    }
  },
});

const supervisor =
  /^(?:supervisord|s6-svscan|runsvdir|runit|circusd|honcho|foreman|overmind|pm2-runtime|init)$/;

interface Left {
  readonly command: ShellCommand;
  readonly name: string;
  /** The program that the container stays with. */
  readonly stays?: string;
}

/** A server or worker that is started with `&`, beside another one, and that nobody waits for by itself. */
function leftAlone(script: ShellScript): Left | undefined {
  const named = script.commands.filter(command => command.name);
  if (named.some(watches)) return undefined;
  const commands = named.filter(command =>
    command.within.every(({ construct }) => construct.kind !== "function"),
  );
  const command = commands.find(each => each.connector === "&" && programOf(each) !== undefined);
  const last = commands.at(-1);
  if (!command || !last) return undefined;
  const name = programOf(command)!;
  if (last.name!.value === "wait") return { command, name };
  const stays = last === command ? undefined : programOf(last);
  // The same program in the foreground goes on with the work.
  return stays === undefined || stays === name ? undefined : { command, name, stays };
}

/** `wait -n`, `wait $pid`, `kill -0 $pid`: the script asks for one of them, or ends it itself. */
function watches({ name, words }: ShellCommand): boolean {
  const program = name!.value ?? "";
  return (
    /^(?:kill|pkill|killall|supervisord|monit)$/.test(program) || (program === "wait" && words.length > 1)
  );
}

const serving =
  /^(?:gunicorn|uvicorn|hypercorn|daphne|granian|waitress-serve|celery|dramatiq|rq|nginx|php-fpm[\d.]*|puma|sidekiq|cron|crond|caddy|redis-server|streamlit|flask|fastapi)$/;

/** How to call what a command starts, when that surely goes on for as long as it can. */
function programOf({ words }: ShellCommand): string | undefined {
  const values = words.map(word => word.value);
  const start = values.findIndex(value => value !== "exec" && value !== "nohup");
  const rest = values.slice(start);
  const name = basename(rest[0] ?? "");
  const worker = workerName(rest);
  if (worker) return worker;
  if (serving.test(name)) {
    const words = rest.slice(1).filter(value => value !== undefined);
    const what = words.find(word => /^[\w.]+:\w+$/.test(word));
    return ends.test(words.join(" ")) ? undefined : [name, ...(what ? [what] : [])].join(" ");
  }
  const line = rest.map(value => value ?? "?").join(" ");
  const program = programs.exec(line);
  return program ? `\`${program[0]}\`` : undefined;
}

/** Commands of the same programs that end by themselves. */
const ends = /(?:^| )(?:--version|-t|-s|--help|call|inspect|purge|db|routes|shell|init)(?: |$)/;

const programs =
  /^(?:python3? (?:-u )?(?:-m (?:uvicorn|gunicorn|celery|flask|http\.server|streamlit|rq)\b|\S*manage\.py (?:runserver|runworker|qcluster|rqworker|run_huey|process_tasks|run\w*(?:bot|scheduler|worker|consumer|listener)\w*)\b|(?:\S*\/)?\w*(?:server|main|app|api|bot|worker|scheduler|consumer)\w*\.py\b)|node (?:\S*\/)?(?:server|index|main|app|worker|bot|dist\/\S+)(?:\.[cm]?js)?(?: |$)|(?:npm|yarn|pnpm|bun) (?:run )?start(?::\S+)?(?: |$)|java .*-jar \S+|php \S*artisan (?:queue:work|schedule:work|serve|reverb:start|horizon)\b|bundle exec (?:puma|sidekiq|rails s(?:erver)?)\b)/;
