import { type Severity, severities } from "../../core/finding.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { type Login, loginsOf, type Mismatch, mismatchOf } from "../../stack/query-accounts.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Cause {
  readonly login: Login;
  readonly wrong: Mismatch;
  readonly services: Service[];
}

export default defineRule({
  id: "secrets/credential-mismatch",
  title: "Services log in with the account that the store has",
  claim: "boots-healthy",
  severity: "critical",
  why: "Every connection is refused: the service starts and fails with its first query.",
  *check(stack) {
    // A line of a shared env file is one cause, however many services get it.
    const causes = new Map<string, Cause>();
    for (const service of stack.services) {
      const told = new Set<Service>();
      for (const login of loginsOf(stack, service)) {
        const wrong = mismatchOf(stack, service, login);
        if (!wrong || told.has(login.store)) continue;
        told.add(login.store);
        const { file, span } = (wrong.place ?? login.place).at;
        const key = `${file}:${span.start} ${login.store.name} ${wrong.what}`;
        const cause = causes.get(key);
        if (cause) cause.services.push(service);
        else causes.set(key, { login, wrong, services: [service] });
      }
    }
    for (const { login, wrong, services } of causes.values()) {
      const names = [...new Set(services.map(service => service.name))];
      yield {
        subject: `${names[0]} ${login.store.name}`,
        message: `${names.length === 1 ? `Service "${names[0]}" logs` : `Services ${listNames(names)} log`} in to "${login.store.name}" with ${wrong.text}.`,
        evidence: [
          evidence((wrong.place ?? login.place).at, wrong.used ?? `another ${wrong.what} is used here`),
          evidence(wrong.at, wrong.shows),
        ],
        severity: heaviest(services.map(service => weigh(service, "critical"))),
        ...(wrong.used ? { confidence: "likely" as const } : {}),
      };
    }
  },
});

function heaviest(all: readonly Severity[]): Severity {
  return severities.find(severity => all.includes(severity))!;
}
