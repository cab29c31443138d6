import type { Severity } from "../../core/finding.ts";
import { switchOff } from "../../remedies/django-settings.ts";
import { offer } from "../../remedies/offer.ts";
import { giveVariable } from "../../remedies/service-variable.ts";
import type { AppKind } from "../../stack/app/detect.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { settingHere, settingsInForce } from "../../stack/query-settings.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Switch {
  readonly name: string;
  readonly on: RegExp;
  /** Kinds of program that read it; none for a name that only its own framework has. */
  readonly kinds?: readonly AppKind[];
  readonly command?: RegExp;
  readonly severity: Severity;
  readonly consequence: string;
  /** What it is in production. */
  readonly off: string;
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
    off: "0",
  },
  {
    name: "APP_DEBUG",
    on: yes,
    kinds: ["laravel"],
    severity: "high",
    consequence: "error pages show code, queries and parts of the configuration",
    off: "false",
  },
  {
    name: "RAILS_ENV",
    on: /^development$/,
    kinds: ["rails"],
    severity: "high",
    consequence: "error pages show code and parameters to everybody",
    off: "production",
  },
  {
    name: "NODE_ENV",
    on: /^dev(?:elopment)?$/,
    kinds: ["express", "nest", "next"],
    severity: "medium",
    consequence: "its libraries run their slower development code and answer errors with the stack",
    off: "production",
  },
  {
    name: "ASPNETCORE_ENVIRONMENT",
    on: /^development$/i,
    severity: "high",
    consequence: "the developer's error page shows code, headers and cookies to whoever provokes an error",
    off: "Production",
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
        fix: () =>
          offer(
            {
              title: "Switch DEBUG off",
              grade: "needs-testing",
              test: "Open pages, static files and a page that does not exist: without DEBUG other code serves them.",
            },
            switchOff(stack, here, found),
          ),
      };
    }
    for (const service of serverServices(stack)) {
      for (const each of switches) {
        const variable = service.environment.find(entry => entry.name === each.name);
        const text = variable?.value?.text;
        if (!variable || text === undefined || !each.on.test(text)) continue;
        if (each.kinds && !(service.component && each.kinds.includes(service.component.kind))) continue;
        if (each.command && !each.command.test(commandLine(service))) continue;
        yield {
          subject: service.name,
          message: `Service "${service.name}" runs with ${each.name}=${text}: ${each.consequence}.`,
          evidence: [evidence(variable.nameAt, "a debugging mode is on")],
          // Of .NET nothing is read but this: where nothing ships the file, it may be the one for work.
          severity: weigh(service, each.kinds || service.project.because.at ? each.severity : "medium"),
          ...(variable.value?.byDefault ? { confidence: "likely" as const } : {}),
          fix: () =>
            offer(
              {
                title: `Run without ${each.name}=${text}`,
                grade: "needs-testing",
                test: `Start the service and provoke an error: the answer shows no code. Code that asks for ${each.name} takes other settings now: see that it still uses the right database.`,
              },
              production(stack, service, each),
            ),
        };
      }
    }
  },
});

function commandLine(service: Service): string {
  return (service.process?.argv ?? []).map(word => word.value ?? "").join(" ");
}

const workshop = /^(?:dev|develop|start:dev|nodemon|ts-node-dev|webpack-dev-server|--watch|--inspect.*)$/;

/** A service that runs a development server needs another command first. */
function production(stack: Stack, service: Service, { name, off }: Switch) {
  const words = service.process?.commands.flat().map(word => word.value ?? "$") ?? ["$"];
  if (/^production$/i.test(off) && words.some(word => workshop.test(word) || word.startsWith("$")))
    return undefined;
  const edit = giveVariable(stack, service, name, off);
  return edit && [edit];
}
