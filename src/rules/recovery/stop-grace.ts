import { basename } from "../../core/path.ts";
import { offer } from "../../remedies/offer.ts";
import { addToService, ownPair } from "../../remedies/service-edit.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace, runningCommand, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** Docker kills what has not ended after this many seconds, unless the service says otherwise. */
const usual = 10;

export default defineRule({
  id: "recovery/stop-grace",
  title: "A service gets the time that its program takes to stop",
  claim: "stops-gracefully",
  severity: "low",
  why: "The program finishes what it has begun, and is killed in the middle of it: requests end without an answer, jobs are done half or twice.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const needed = neededTime(service);
      const given = givenTime(service);
      if (!needed || given === undefined || !first(needed.at)) continue;
      if (given.seconds >= needed.seconds) {
        yield { subject: service.name, kept: evidence(given.at, `${given.seconds} seconds to stop`) };
        continue;
      }
      const { seconds, flag } = needed;
      yield {
        subject: service.name,
        message: `"${service.name}" takes up to ${seconds} seconds to stop (\`${flag}\`) and is killed after ${given.seconds}.`,
        severity: weigh(service, "low"),
        evidence: [
          evidence(needed.at, `up to ${seconds} seconds`),
          evidence(given.at, given.written ? "less than that" : "no `stop_grace_period`: 10 seconds"),
        ],
        fix: () =>
          offer(
            { title: `Give "${service.name}" the time to stop`, grade: "safe" },
            graceEdit(stack, service, seconds + 5),
          ),
      };
    }
  },
});

/** Options of programs that say how long they go on after a signal to stop, in seconds. */
const waits: Readonly<Record<string, RegExp>> = {
  gunicorn: /^--graceful-timeout$/,
  hypercorn: /^--graceful-timeout$/,
  uvicorn: /^--timeout-graceful-shutdown$/,
  // A worker ends when its tasks have: none takes longer than this.
  celery: /^--time-limit$/,
};

function neededTime(service: Service) {
  const running = runningCommand(service);
  const [program, ...rest] = running?.words ?? [];
  const option = waits[basename(program ?? "")];
  if (!running || !option || (program?.endsWith("celery") && !rest.includes("worker"))) return undefined;
  for (const [index, word] of rest.entries()) {
    const [name = "", inline] = word?.split("=", 2) ?? [];
    const value = option.test(name) ? (inline ?? rest[index + 1]) : undefined;
    if (value !== undefined && /^\d{1,5}$/.test(value))
      return { seconds: Number(value), flag: `${name} ${value}`, at: running.at };
  }
  return undefined;
}

/** Undefined where the time is not known. */
function givenTime(service: Service) {
  const text = service.text("stop_grace_period");
  if (!text) return { seconds: usual, at: service.at, written: false };
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text.text ?? "");
  if (!parts || !text.text) return undefined;
  const [hours, minutes, seconds] = parts.slice(1).map(part => Number(part ?? 0));
  return { seconds: hours! * 3600 + minutes! * 60 + seconds!, at: text.at, written: true };
}

function graceEdit(stack: Stack, service: Service, seconds: number) {
  if (!service.get("stop_grace_period"))
    return addToService(stack, service, [`stop_grace_period: ${seconds}s`], []);
  const pair = ownPair(stack, service, "stop_grace_period");
  return pair && { at: pair.value.at, text: `${seconds}s` };
}
