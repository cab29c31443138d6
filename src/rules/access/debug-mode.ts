import type { Severity } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { switchOff } from "../../remedies/django-settings.ts";
import { offer } from "../../remedies/offer.ts";
import { giveVariable } from "../../remedies/service-variable.ts";
import { type DebugSwitch, debugSwitches } from "../../stack/debug-switches.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { bakedDebug } from "../../stack/query-baked-debug.ts";
import { runningCommand } from "../../stack/query-process.ts";
import { settingHere, settingsInForce } from "../../stack/query-settings.ts";
import type { Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

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
    for (const group of switchedOn(stack)) {
      const [{ service, each, variable, severity }] = group as [On];
      const services = group.map(on => on.service.name);
      const one = services.length === 1;
      const given = `${each.name}=${variable.value!.text}`;
      const [first, ...more] = group.map(on => evidence(on.variable.nameAt, "a debugging mode is on"));
      yield {
        subject: service.name,
        message: `${one ? "Service" : "Services"} ${listNames(services)} ${one ? "runs" : "run"} with ${given}: ${each.consequence}.`,
        evidence: [first!, ...more],
        severity,
        ...(group.some(on => on.variable.value?.byDefault) ? { confidence: "likely" as const } : {}),
        fix: () =>
          offer(
            {
              title: `Run without ${given}`,
              grade: "needs-testing",
              test: `Start the service and provoke an error: the answer shows no code. Code that asks for ${each.name} takes other settings now: see that it still uses the right database.`,
            },
            group.flatMap(on => production(stack, on.service, each) ?? [undefined]),
          ),
      };
    }
    const told = new Set<string>();
    for (const service of serverServices(stack)) {
      const baked = bakedDebug(stack, service);
      if (!baked || told.has(`${baked.at.file}:${baked.at.span.start}`)) continue;
      told.add(`${baked.at.file}:${baked.at.span.start}`);
      yield {
        subject: service.name,
        message: `Service "${service.name}" runs with ${baked.given}, which its image brings in ${baked.at.file}: error pages show code, queries and parts of the configuration.`,
        evidence: [
          evidence(baked.at, "goes into the image"),
          evidence(service.at, "is given no other value"),
        ],
        severity: weigh(service, "high"),
        confidence: "likely",
      };
    }
  },
});

interface On {
  readonly service: Service;
  readonly each: DebugSwitch;
  readonly variable: Variable;
  readonly severity: Severity;
}

/** Services of one project that are given the same are one habit. */
function switchedOn(stack: Stack): On[][] {
  const groups = new Map<string, On[]>();
  for (const service of serverServices(stack))
    for (const each of debugSwitches) {
      const variable = service.environment.find(entry => entry.name === each.name);
      const text = variable?.value?.text;
      if (!variable || text === undefined || !each.on.test(text) || setsItself(service, each.name)) continue;
      if (each.kinds && !(service.component && each.kinds.includes(service.component.kind))) continue;
      if (each.command && !each.command.test(commandLine(service))) continue;
      // Of .NET nothing is read but this: where nothing ships the file, it may be the one for work.
      const severity = weigh(service, each.kinds || service.project.because.at ? each.severity : "medium");
      const key = [...service.project.files, each.name, text, severity].join("\n");
      addTo(groups, key, { service, each, variable, severity });
    }
  return [...groups.values()];
}

/** The command that keeps running, or a script on the way to it, gives the variable another value. */
function setsItself(service: Service, name: string): boolean {
  if (service.reassigned?.has(name) || service.scripted?.has(name)) return true;
  return (runningCommand(service)?.script?.value ?? "").includes(`${name}=`);
}

function commandLine(service: Service): string {
  return (service.process?.argv ?? []).map(word => word.value ?? "").join(" ");
}

const workshop = /^(?:dev|develop|start:dev|nodemon|ts-node-dev|webpack-dev-server|--watch|--inspect.*)$/;

/** A service that runs a development server needs another command first. */
function production(stack: Stack, service: Service, { name, off }: DebugSwitch) {
  const words = service.process?.commands.flat().map(word => word.value ?? "$") ?? ["$"];
  if (/^production$/i.test(off) && words.some(word => workshop.test(word) || word.startsWith("$")))
    return undefined;
  const edit = giveVariable(stack, service, name, off);
  return edit && [edit];
}
