import { isTest, isVendored } from "../../artifacts/project-files.ts";
import { join } from "../../core/path.ts";
import { type Location, locate } from "../../core/source.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/laravel-workers",
  title: "Something works Laravel's queue and schedule off",
  claim: "failure-is-noticed",
  severity: "high",
  why: "Jobs wait in the queue and the plan is never looked at, without an error or a line in a log: mails are not sent, orders not closed.",
  *check(stack) {
    for (const { kind, dir: root, files } of stack.components) {
      if (kind !== "laravel" || stack.files.has(join(root, "artisan")) !== "file") continue;
      const service = serverServices(stack).find(each => runsFrom(each, root));
      if (!service) continue;
      const code = codeOf(stack, root);
      const texts = operations(stack, root, code);
      const planned = code.flatMap(path => place(files, path, plan))[0];
      if (planned && !texts.some(text => /schedule:(?:run|work)|\bschedule-run|crunz|ofelia/.test(text)))
        yield {
          subject: `${service.name} schedule`,
          message: `The code plans commands with Laravel's scheduler, and nothing runs \`artisan schedule:run\` or \`schedule:work\`: they never run.`,
          severity: weigh(service, "high"),
          confidence: "likely",
          evidence: [evidence(planned, "planned here"), evidence(service.at, "runs no schedule")],
        };
      const driver = service.environment.find(each => each.name === "QUEUE_CONNECTION");
      const queued = code.flatMap(path => place(files, path, /\bimplements\s+[\w\\, ]*ShouldQueue\b/))[0];
      const waits = driver?.value?.text !== undefined && !/^(?:sync|null|)$/.test(driver.value.text);
      if (driver && waits && queued && !texts.some(text => /queue:(?:work|listen)|\bhorizon\b/.test(text)))
        yield {
          subject: `${service.name} queue`,
          message: `"${service.name}" puts jobs into the queue "${driver.value!.text}", and nothing runs \`artisan queue:work\`: they wait for ever.`,
          severity: weigh(service, "high"),
          confidence: "likely",
          evidence: [evidence(driver.at, "jobs are stored"), evidence(queued, "one of the jobs")],
        };
    }
  },
});

const plan = /\$schedule->(?:command|job|call|exec)\(|\bSchedule::(?:command|job|call|exec)\(/;

function runsFrom({ build }: Service, root: string): boolean {
  return (
    build?.contextState === "present" &&
    (build.context === root || build.context === "") &&
    build.model?.base?.family === "php"
  );
}

function codeOf(stack: Stack, root: string): string[] {
  const below = root === "" ? "" : `${root}/`;
  return stack.files.paths.filter(
    path =>
      path.startsWith(below) &&
      /(?:^|\/)(?:app|routes|bootstrap)\/.*\.php$/.test(path) &&
      !isVendored(path) &&
      !isTest(path),
  );
}

/** Everything that may start a worker: all texts but the application's own code. */
function operations(stack: Stack, root: string, code: readonly string[]): string[] {
  const own = new Set(code);
  const others = stack.files.paths.filter(
    path =>
      !own.has(path) &&
      !isVendored(path) &&
      /\.(?:sh|conf|ini|ya?ml|service|timer|md|txt|cron|json|toml|env|dist)$|(?:^|\/)(?:Dockerfile|Makefile|Procfile|crontab|supervisord?|[\w.-]*(?:cron|supervisor|s6|worker|queue|schedul|entrypoint|start)[\w.-]*)[^/]*$|(?:^|\/)docker\//i.test(
        path,
      ),
  );
  return others.slice(0, 1_000).flatMap(path => {
    const read = stack.files.read(path);
    // The package's own development script starts a queue, too.
    const isManifest = path === join(root, "composer.json");
    return "source" in read && !isManifest ? [`${path}\n${read.source.text}`] : [];
  });
}

function place(files: AppComponent["files"], path: string, pattern: RegExp): Location[] {
  const source = files.read(path);
  if (!source) return [];
  const lines = source.text.replace(/^[ \t]*(?:\/\/|\*|#).*$/gm, line => " ".repeat(line.length));
  const match = pattern.exec(lines);
  return match ? [locate(source, match.index, match.index + match[0].length)] : [];
}
