import type { Call } from "../artifacts/commands.ts";
import { printsOnly } from "./query-exit-status.ts";
import { onlySpeaks, wordsOf } from "./query-release.ts";
import { isCondition } from "./query-release-checks.ts";

/** What a release does behind its start without looking at the result. */

const housekeeping = new Set(
  "rm cd docker exit set cat chmod mkdir export git popd pushd clear break continue local return hostname awk cut head tail tr wc sort ls".split(
    " ",
  ),
);

/** Says, lists, fetches, stops, starts again or tidies up; never fails a release that does not serve. */
export function looksAtNothing(call: Call): boolean {
  if (call.kind === "docker")
    return /prune|^(?:image |container )?rm|^rmi|^log(?:in|out)$|^images$|^ps$|^(?:image )?pull$|^tag$|^(?:container )?(?:stop|kill|restart|cp)$/.test(
      call.verb,
    );
  if (call.kind === "compose")
    return ["ps", "logs", "images", "pull", "build", "stop", "rm", "restart", "cp"].includes(
      call.subcommand ?? "",
    );
  if (call.kind === "http") return notifies(call);
  if (onlySpeaks(call) || call.kind === "file" || housekeeping.has(call.name)) return true;
  if (printsOnly(call.script, call.name)) return true;
  if (call.name === "systemctl" || call.name === "service")
    return /^systemctl (?:reload|restart|daemon-reload)\b|^service \S+ (?:reload|restart)$/.test(
      wordsOf(call),
    );
  return readsFile(call);
}

/** `[ -f .env ]`, and the value of a line of a file: `grep ^DOMAIN= .env`. */
function readsFile({ name, args, command }: Call): boolean {
  if (/^(?:\[|\[\[|test)$/.test(name)) return /^-[defrsx]$/.test(args[0]?.value ?? "");
  if (name === "sed") return true;
  const operands = args.filter(arg => !arg.word.text.startsWith("-"));
  return name === "grep" && operands.length > 1 && !isCondition(command);
}

const chats =
  /^https:\/\/(?:hooks\.slack\.com|slack\.com\/api|discord(?:app)?\.com\/api\/webhooks|api\.telegram\.org|[\w.-]+\.webhook\.office\.com)\//;

/** A message to people. */
function notifies({ urls }: Extract<Call, { kind: "http" }>): boolean {
  return urls.length > 0 && urls.every(url => chats.test(url.word.text.replace(/^["']/, "")));
}
