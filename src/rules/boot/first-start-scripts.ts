import { basename } from "../../core/path.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { earlyStatement } from "../../stack/query-first-start.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/first-start-scripts",
  title: "The scripts of a database's first start make each table before they change it",
  claim: "boots-healthy",
  severity: "high",
  why: "The image stops at the first error: the container of the database ends, and after the restart it finds a directory with something in it, runs no script any more, and serves a database without its tables.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of stack.services) {
      const early = earlyStatement(stack, service);
      const place = `${early?.file}:${early?.line}`;
      if (!early || told.has(place)) continue;
      told.add(place);
      const mount = service.mounts.find(({ target }) => target.startsWith("/docker-entrypoint-initdb.d"));
      yield {
        subject: service.name,
        message: `The first start of "${service.name}" fails at ${place}: it changes the table "${early.table}", which ${early.later ? `${early.later} makes later` : "no script before it makes"}.`,
        severity: weigh(service, "high"),
        evidence: [
          evidence(mount?.at ?? service.at, `runs ${basename(early.file)} on an empty data directory`),
        ],
      };
    }
  },
});
