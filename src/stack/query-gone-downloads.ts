import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { runCommands } from "./image/run-commands.ts";
import { gradeOf } from "./query.ts";
import { isWorkstationCall } from "./query-scripts.ts";
import type { Grade, Stack } from "./stack.ts";

/** Addresses that many scripts name, and that have nothing any more. */

export interface GoneDownload {
  readonly at: Location;
  readonly what: string;
  readonly consequence: string;
  readonly grade: Grade;
}

const branch = String.raw`(?:refs\/heads\/)?(?:master|main|HEAD)`;
const gone: readonly { readonly url: RegExp; readonly what: string; readonly consequence: string }[] = [
  {
    // Moved below certbot/src in 2025 and 2026.
    url: new RegExp(
      String.raw`^https:\/\/(?:raw\.githubusercontent\.com\/certbot\/certbot|github\.com\/certbot\/certbot\/raw)\/${branch}\/(?:certbot-nginx\/(?!src\/)|certbot\/(?:certbot\/)?(?=ssl-dhparams\.pem))\S*?(?:options-ssl-nginx\.conf|ssl-dhparams\.pem)$`,
    ),
    what: "the TLS settings of certbot",
    consequence:
      "unless the download insists on a good answer, the words of the error page become a part of nginx's configuration, and it refuses to start",
  },
  {
    url: new RegExp(
      String.raw`^https:\/\/raw\.githubusercontent\.com\/(?:python-poetry|sdispater)\/poetry\/${branch}\/(?:get|install)-poetry\.py$`,
    ),
    what: "the installer of Poetry",
    consequence: "Python stops at the words of the error page",
  },
];

export function goneDownloads(stack: Stack): GoneDownload[] {
  return [...inCalls(stack), ...inImages(stack)];
}

function* inCalls(stack: Stack): Iterable<GoneDownload> {
  const grade = stack.projects.some(project => gradeOf(project) === "deployed") ? "deployed" : "presumed";
  for (const placed of stack.calls) {
    const { call } = placed;
    if (call.kind !== "http" || isWorkstationCall(placed)) continue;
    for (const { value, at } of call.urls) {
      const known = value === undefined ? undefined : gone.find(({ url }) => url.test(value));
      // A copy in the repository makes the download needless.
      if (!known || hasCopy(stack, value!)) continue;
      yield { at, grade, what: known.what, consequence: known.consequence };
    }
  }
}

function hasCopy(stack: Stack, url: string): boolean {
  const name = basename(url);
  return stack.files.paths.some(path => basename(path) === name);
}

function* inImages(stack: Stack): Iterable<GoneDownload> {
  const seen = new Set<string>();
  for (const { model, grade } of stack.builds) {
    if (grade === "development") continue;
    for (const run of model?.built.flatMap(({ stage }) => stage.runs) ?? []) {
      if (!/raw\.githubusercontent/.test(run.fragment.text)) continue;
      for (const word of runCommands(run, undefined).flatMap(({ words }) => words)) {
        const { value, at } = word;
        const known = value === undefined ? undefined : gone.find(({ url }) => url.test(value));
        const key = `${at.file}:${at.span.start}`;
        if (!known || seen.has(key)) continue;
        seen.add(key);
        yield { at, grade, what: known.what, consequence: known.consequence };
      }
    }
  }
}
