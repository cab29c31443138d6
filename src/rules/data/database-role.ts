import type { DatabaseCall } from "../../artifacts/commands.ts";
import type { Evidence, Severity } from "../../core/finding.ts";
import { evidence } from "../../stack/query.ts";
import { type Accounts, accountsOf, isCreatedElsewhere } from "../../stack/query-data.ts";
import { callerName, isBackupWork, isWorkstationCall, servicesInside } from "../../stack/query-scripts.ts";
import type { PlacedCall, Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const clients = /^(psql|pg_dump|pg_restore|pg_dumpall|mysqldump|mariadb-dump|mysql|mariadb)$/;

export default defineRule({
  id: "data/database-role",
  title: "Backups and scripts log in as a role, and to a database, that the database has",
  claim: "backup-restores",
  severity: "high",
  why: "The client is refused, and a redirected dump leaves an empty file behind.",
  *check(stack) {
    const seen = new Set<string>();
    for (const placed of stack.calls) {
      const { call } = placed;
      if (call.kind !== "database" || !clients.test(call.name) || call.host || call.url) continue;
      const services = servicesInside(stack, placed);
      if (services.length === 0) continue;
      const wrong = services.map(service => mismatch(call, service));
      const first = wrong[0];
      if (
        !first ||
        wrong.some(each => each === undefined) ||
        isCreatedElsewhere(stack, first.name, first.what)
      )
        continue;
      const key = `${placed.caller.file} ${call.at.span.start}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const has = wrong.map((each, index) =>
        evidence(each!.at, `service "${services[index]!.name}" has the ${each!.what} "${each!.instead}"`),
      );
      yield {
        subject: `${placed.caller.file}: ${first.what} ${first.name}`,
        message: `${callerName(placed)} runs ${call.name} with the ${first.what} "${first.name}"${first.implied}, but the database service "${services[0]!.name}" creates "${first.instead}" only: the client is refused.`,
        evidence: [first.place, ...unique(has)],
        severity: severityOf(placed, services),
        ...(first.sure ? {} : { confidence: "likely" as const }),
      };
    }
  },
});

interface Mismatch {
  readonly what: "role" | "database";
  readonly name: string;
  readonly instead: string;
  readonly implied: string;
  readonly place: Evidence;
  readonly at: Evidence["at"];
  readonly sure: boolean;
}

function mismatch(call: DatabaseCall, service: Service): Mismatch | undefined {
  const accounts = accountsOf(service);
  const { user, database } = call;
  if (!accounts || user?.assumed || database?.assumed || call.environment.length > 0) return undefined;
  if (service.environment.some(entry => /^PG(USER|DATABASE|SERVICE)/.test(entry.name))) return undefined;
  // A variable in the text of an inner shell was put there by the outer one.
  if (user && (user.value === undefined || user.value.includes("$"))) return undefined;
  const sure = !defaulted(service);
  if (user && !accounts.users.includes(user.value!))
    return {
      ...{ what: "role", name: user.value!, instead: accounts.users.at(-1)!, implied: "", sure },
      ...{ place: evidence(user.at, `logs in as "${user.value}"`), at: accounts.userAt },
    };
  if (database) {
    if (database.value === undefined || accounts.databases.includes(database.value)) return undefined;
    return isName(database.value)
      ? databaseMismatch(database.value, database.at, "", accounts, sure)
      : undefined;
  }
  // psql and pg_dump that name no database take the one called like the role.
  const implied =
    accounts.byRole && (call.name === "psql" || call.name === "pg_dump") ? user?.value : undefined;
  const lists = call.flags.some(flag => /^(-l|--list|--version|-V|--help)$/.test(flag.name));
  if (!user || implied === undefined || lists || call.operands.length > 0) return undefined;
  if (accounts.databases.includes(implied)) return undefined;
  return databaseMismatch(implied, user.at, ", the one named like its role", accounts, sure);
}

function databaseMismatch(
  name: string,
  at: Evidence["at"],
  implied: string,
  accounts: Accounts,
  sure: boolean,
): Mismatch {
  const place = evidence(at, implied ? `no database named: "${name}" is meant` : `opens database "${name}"`);
  return {
    what: "database",
    name,
    instead: accounts.databases[0]!,
    implied,
    place,
    at: accounts.databaseAt,
    sure,
  };
}

function isName(text: string): boolean {
  return /^[\w-]+$/.test(text);
}

/** The names rest on `${X:-default}`: a server may set others. */
function defaulted(service: Service): boolean {
  return service.environment.some(
    entry => /^(POSTGRES|MYSQL|MARIADB)_(USER|DB|DATABASE)$/.test(entry.name) && entry.value?.byDefault,
  );
}

function severityOf(placed: PlacedCall, services: readonly Service[]): Severity {
  const served = services.some(service => service.project.grade !== "development");
  if (!served || isWorkstationCall(placed)) return "low";
  if (isBackupWork(placed)) return "high";
  return placed.deploys ? "medium" : "low";
}

function unique(list: readonly Evidence[]): Evidence[] {
  return list.filter((each, index) => list.findIndex(other => other.at === each.at) === index);
}
