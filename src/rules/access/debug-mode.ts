import type { Severity } from "../../core/finding.ts";
import type { AppKind } from "../../stack/app/detect.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { settingHere, settingsInForce } from "../../stack/query-settings.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Switch {
  readonly name: string;
  readonly on: RegExp;
  /** Kinds of program that read it. */
  readonly kinds: readonly AppKind[];
  /** It matters only when the program is started so. */
  readonly command?: RegExp;
  readonly severity: Severity;
  readonly consequence: string;
}

const yes = /^(?:true|1|yes|on|t|y)$/i;
const switches: readonly Switch[] = [
  {
    name: "FLASK_DEBUG",
    on: yes,
    kinds: ["flask"],
    command: /\bflask\b.*\brun\b/,
    severity: "high",
    consequence: "whoever provokes an error gets a debugger that runs Python",
  },
  {
    name: "APP_DEBUG",
    on: yes,
    kinds: ["laravel"],
    severity: "high",
    consequence: "error pages show code, queries and parts of the configuration",
  },
  {
    name: "RAILS_ENV",
    on: /^development$/,
    kinds: ["rails"],
    severity: "high",
    consequence: "error pages show code and parameters to everybody",
  },
  {
    name: "NODE_ENV",
    on: /^dev(?:elopment)?$/,
    kinds: ["express", "nest", "next"],
    severity: "medium",
    consequence: "its libraries run their slower development code and answer errors with the stack",
  },
];

export default defineRule({
  id: "access/debug-mode",
  title: "No debugging mode is on in production",
  claim: "no-secret-leaks",
  severity: "high",
  why: "A debugging mode shows settings, code and queries to whoever provokes an error, and often more than that.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const found = settingHere(here, "DEBUG");
      if (!found || found.value === undefined) continue;
      // Texts are true in Python, "False" as well.
      const isOn = Array.isArray(found.value) ? found.value.length > 0 : Boolean(found.value);
      const place = found.givenAt ?? found.at;
      if (!isOn) {
        yield { subject: here.service.name, kept: evidence(place, "DEBUG is off") };
        continue;
      }
      const isUnset = found.setting?.kind === "env" && !found.givenAt;
      const isText = typeof found.value === "string";
      const names = found.setting?.env?.names.map(name => `"${name}"`).join(" or ") ?? "";
      yield {
        subject: here.service.name,
        message: `Django in service "${here.service.name}" runs with DEBUG on${isUnset ? `, because nothing sets ${names}` : isText ? ", because any text counts as true" : ""}: whoever provokes an error reads settings, code and queries.`,
        evidence: [
          evidence(place, isUnset ? "on unless a variable says no" : "DEBUG is on"),
          ...(found.givenAt ? [evidence(found.at, "read here")] : []),
          ...(isUnset ? [evidence(here.service.at, `${names} is not set here`)] : []),
        ],
        severity: weigh(here.service, "high"),
        ...(here.complete && !isUnset ? {} : { confidence: "likely" as const }),
      };
    }
    for (const service of serverServices(stack)) {
      for (const each of switches) {
        const variable = service.environment.find(entry => entry.name === each.name);
        const text = variable?.value?.text;
        if (!variable || text === undefined || !each.on.test(text)) continue;
        if (!service.component || !each.kinds.includes(service.component.kind)) continue;
        if (each.command && !each.command.test(commandLine(service))) continue;
        yield {
          subject: service.name,
          message: `Service "${service.name}" runs with ${each.name}=${text}: ${each.consequence}.`,
          evidence: [evidence(variable.nameAt, "a debugging mode is on")],
          severity: weigh(service, each.severity),
          ...(variable.value?.byDefault ? { confidence: "likely" as const } : {}),
        };
      }
    }
  },
});

function commandLine(service: Service): string {
  return (service.process?.argv ?? []).map(word => word.value ?? "").join(" ");
}
