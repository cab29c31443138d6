import { dependsOn } from "../../artifacts/package-manifest.ts";
import type { Fix } from "../../core/fix.ts";
import { type Location, locate, type Source } from "../../core/source.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { scriptsOf } from "../../stack/query-code.ts";
import { defineRule } from "../rule.ts";

/** Clients with a pool, and what is built on them: a program without any has no such flag, and is not read. */
const clients =
  "pg pg-pool mysql mysql2 mariadb mssql oracledb mongodb mongoose redis ioredis knex sequelize typeorm prisma @prisma/client drizzle-orm".split(
    " ",
  );

const node = new Set(["express", "nest", "fastify", "koa", "hono", "node"]);

export default defineRule({
  id: "recovery/connection-flag",
  title: "A program that lost its database uses it again",
  claim: "survives-dependency-loss",
  severity: "high",
  why: "After one restart of the database the program refuses every request until somebody restarts it, although its pool would have connected again by itself.",
  *check(stack) {
    const seen = new Set<string>();
    for (const service of serverServices(stack)) {
      const { component } = service;
      if (!component || !node.has(component.kind) || seen.has(component.dir)) continue;
      seen.add(component.dir);
      const manifest = component.package;
      if (manifest && !clients.some(name => dependsOn(manifest, name))) continue;
      for (const path of scriptsOf(component)) {
        const source = component.files.read(path);
        const stuck = source && stuckFlag(source);
        if (!stuck) continue;
        yield {
          subject: `${path} ${stuck.flag}`,
          message: `${path} sets "${stuck.flag}" to false at the first error of the connection pool and refuses to work while it is false; only the first connection sets it to true again.`,
          evidence: [
            evidence(stuck.cleared, "set to false, and nothing sets it back"),
            evidence(stuck.read, "refuses to work while it is false"),
          ],
          severity: weigh(service, "high"),
          confidence: "likely",
          fix: () => dropFlag(source, stuck),
        };
      }
    }
  },
});

/** The handler without the assignment, which stands in a line of its own: the pool opens a new connection by itself. */
function dropFlag({ path, text }: Source, { cleared, flag }: Stuck): Fix | undefined {
  const start = text.lastIndexOf("\n", cleared.span.start) + 1;
  const end = text.indexOf("\n", cleared.span.end) + 1;
  if (end === 0 || !/^[ \t]*(?:this\.|self\.)?[\w$]+ *= *false;?[ \t]*\r?\n$/.test(text.slice(start, end)))
    return undefined;
  return {
    title: `Let the pool connect again: ${flag} stays true`,
    grade: "needs-testing",
    edits: [{ at: { file: path, span: { start, end } }, text: "" }],
    test: "Restart the database under the running program: requests fail while it is away and succeed after it.",
  };
}

const pools = /\bnew\s+(?:\w+\.)?Pool\s*\(|\bcreatePool\s*\(/;
const handler = /\.on\(\s*["'`](\w+)["'`]\s*,/g;

interface Stuck {
  readonly flag: string;
  readonly cleared: Location;
  readonly read: Location;
}

/** A flag that an error of a pool clears, that guards the work, and that no later event sets. */
function stuckFlag(source: Source): Stuck | undefined {
  const { text } = source;
  if (!pools.test(text)) return undefined;
  const handlers = [...text.matchAll(handler)].map(found => ({
    event: found[1]!,
    start: found.index,
    end: closing(text, found.index + found[0].indexOf("(")),
  }));
  for (const { event, start, end } of handlers) {
    if (event !== "error") continue;
    const body = text.slice(start, end);
    // Ending the process, or connecting anew, is a way back.
    if (/process\.(?:exit|kill)|\bthrow\b|connect\w*\s*\(|retry|setTimeout|setInterval/i.test(body)) continue;
    const cleared = /((?:this\.|self\.)?([A-Za-z_$][\w$]*))\s*=\s*false\b/.exec(body);
    if (!cleared) continue;
    const flag = cleared[1]!;
    const escaped = flag.replace(/[.$]/g, "\\$&");
    const isSet = [...text.matchAll(new RegExp(`(?<![\\w.$])${escaped}\\s*=\\s*true\\b`, "g"))];
    const again = handlers.some(
      other => other.event !== "error" && isSet.some(set => set.index > other.start && set.index < other.end),
    );
    if (isSet.length !== 1 || again || /setInterval\s*\(/.test(text)) continue;
    const guard = guardOf(text, escaped);
    if (!guard) continue;
    const at = start + cleared.index;
    return {
      flag: cleared[2]!,
      cleared: locate(source, at, at + cleared[0].length),
      read: locate(source, guard.index, guard.index + guard[0].indexOf(")") + 1),
    };
  }
  return undefined;
}

const refuses = /^(?:throw\b|return\s+(?:next|reject|callback|cb|done|Promise\.reject|res(?:ponse)?\.)\b)/;
const closes =
  /\b(?:close|disconnect|end|shutdown|stop|destroy)\w*\s*(?:=\s*(?:async\s*)?)?\([^()]*\)\s*(?:=>\s*)?\{\s*$/i;

/** Where the work is refused while the flag is false. Undefined too when something connects anew because of it. */
function guardOf(text: string, flag: string): RegExpExecArray | undefined {
  const asked = [...text.matchAll(new RegExp(`if\\s*\\(\\s*!\\s*${flag}\\s*\\)\\s*\\{?\\s*`, "g"))];
  const then = (found: RegExpExecArray): string => text.slice(found.index + found[0].length);
  const reconnects = /^(?:return\s+)?(?:await\s+)?(?:[\w$]+\.)*\w*(?:connect|init|open|start)\w*\s*\(/i;
  if (asked.some(found => reconnects.test(then(found)))) return undefined;
  return asked.find(found => refuses.test(then(found)) && !closes.test(text.slice(0, found.index)));
}

/** The offset after the bracket that closes the one at `open`; brackets in texts are rare enough in handlers. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length && i < open + 4_000; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i + 1;
  }
  return Math.min(text.length, open + 4_000);
}
