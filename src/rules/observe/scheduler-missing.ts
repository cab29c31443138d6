import { filesEnding, isBelow, isTest, isVendored } from "../../artifacts/project-files.ts";
import type { Location, Source } from "../../core/source.ts";
import { parsePythonPart } from "../../formats/python.ts";
import { dottedName, everyStatement, keyword, type PyValue } from "../../formats/python-tree.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { wordsOf } from "../../stack/query-release.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/scheduler-missing",
  title: "A schedule in the code has a process that runs it",
  claim: "failure-is-noticed",
  severity: "high",
  why: "The jobs of the schedule never run, and nothing says so: no error, no log line, only data that grows old.",
  *check(stack) {
    const python = stack.components.some(each => each.kind === "django" || each.kind === "fastapi");
    const services = serverServices(stack).filter(service => service.kind === "app" || service.build);
    if (!python || services.length === 0 || runsElsewhere(stack)) return;
    // What nobody can see may be the scheduler.
    if (services.some(service => service.process === undefined)) return;
    const planned = [...schedules(stack)];
    const [first, ...more] = planned;
    if (!first) return;
    const worker = services.find(service => /\bcelery\b/.test(processText(service)));
    const total = planned.reduce((sum, each) => sum + each.jobs, 0);
    const count = (jobs: number) => (jobs === 1 ? "a job" : `${jobs} jobs`);
    yield {
      subject: first.file,
      message: `The code plans ${count(total)} with Celery's scheduler (${first.file}), and no service runs \`celery beat\`: ${total === 1 ? "it never runs" : "they never run"}.`,
      severity: weigh(
        (worker ?? services[0]!).project,
        planned.every(({ tidies }) => tidies) ? "medium" : "high",
      ),
      evidence: [
        evidence(first.at, `${count(first.jobs)} planned here`),
        ...more.map(each => evidence(each.at, `${count(each.jobs)} planned here`)),
        ...(worker ? [evidence(worker.process!.at, "the worker runs without a scheduler")] : []),
      ],
    };
  },
});

function processText(service: Service): string {
  const commands = service.process?.commands ?? [];
  return `${commands.map(words => words.map(word => word.value ?? "?").join(" ")).join("\n")}\n${service.process?.text ?? ""}`;
}

const beat = /\bcelery\b[^\n]*\s(beat\b|-B\b|--beat\b)|celery[-_]?beat/;

/** Somewhere in services, scripts, or files of other process managers the scheduler is started. */
function runsElsewhere(stack: Stack): boolean {
  if (stack.services.some(service => beat.test(processText(service)) || /beat/i.test(service.name)))
    return true;
  if (stack.calls.some(({ call }) => beat.test(wordsOf(call)))) return true;
  const managers =
    /(^|\/)(Procfile[\w.]*|supervisord?[\w.-]*|[\w.-]+\.(service|conf|ini|toml)|app\.json|[\w.-]*beat[\w.-]*)$/i;
  return stack.files.paths.some(path => {
    if (!managers.test(path)) return false;
    const read = stack.files.read(path);
    return /beat/i.test(path) || ("source" in read && beat.test(read.source.text));
  });
}

const candidates =
  /(^|\/)(celery\w*|settings|base|prod(uction)?|common|config|worker|tasks|schedule\w*)\.py$|(^|\/)settings\/\w+\.py$/;

interface Plan {
  readonly file: string;
  readonly at: Location;
  readonly jobs: number;
  /** Each of them throws away what is old: the disk fills, and nobody waits for anything. */
  readonly tidies: boolean;
}

const tidy =
  /clean|purge|prune|expire|vacuum|garbage|(?:delete|remove|clear)[-_. ]?(?:old|stale|temp|sessions)/i;

function* schedules(stack: Stack): Generator<Plan> {
  const python = stack.components.filter(each => each.kind === "django" || each.kind === "fastapi");
  const likely = filesEnding(stack.files, "py").filter(
    file => candidates.test(file) && !isTest(file) && !isVendored(file),
  );
  const sources = new Map<string, Source>();
  for (const { files, dir } of python)
    for (const file of likely) {
      if (sources.has(file) || !isBelow(dir, file)) continue;
      const source = files.read(file);
      if (source && /beat_schedule/i.test(source.text)) sources.set(file, source);
    }
  for (const [file, source] of sources)
    for (const { statement } of everyStatement(parsePythonPart(source, /beat_schedule/i).body)) {
      if (statement.kind === "assign" && statement.value) {
        const target = statement.targets.find(each =>
          /(^|\.)(beat_schedule|\w*BEAT_SCHEDULE)$/.test(dottedName(each) ?? ""),
        );
        const { jobs, tidies } = entries(statement.value);
        if (target && jobs > 0) yield { file, at: target.at, jobs, tidies };
      }
      const call =
        statement.kind === "expression" && statement.value.kind === "call" ? statement.value : undefined;
      const given = call?.kwargs.find(each => each.name === "beat_schedule");
      const { jobs, tidies } = entries(call && keyword(call, "beat_schedule"));
      if (given && jobs > 0) yield { file, at: given.at, jobs, tidies };
    }
}

function entries(value: PyValue | undefined): Pick<Plan, "jobs" | "tidies"> {
  if (value?.kind !== "dict") return { jobs: 0, tidies: false };
  const tidies = value.entries.every(({ key }) => key?.kind === "string" && tidy.test(key.value));
  return { jobs: value.entries.length, tidies };
}
