import type { EnvFile } from "../../artifacts/env-file.ts";
import type { Evidence } from "../../core/finding.ts";
import { asBuildArguments } from "../../remedies/build-argument.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, gradeOf, listNames, weigh } from "../../stack/query.ts";
import {
  containerHosts,
  lateRewrites,
  lateVariables,
  loopbackBuiltIn,
  placeholdersBuiltIn,
} from "../../stack/query-built-in.ts";
import { replacesAtRunTime, servesBuiltBundle } from "../../stack/query-bundles.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/variable-build-time",
  title: "Browser code is built with the addresses it needs",
  claim: "configured-completely",
  severity: "high",
  why: "The values are fixed into the bundle when it is built: what is set when the container starts changes nothing, and the browser calls an address that is not there.",
  *check(stack) {
    const placeholders = new Set<EnvFile>();
    for (const service of stack.services) {
      const hosts = [...internalHosts(service)];
      const isBundle = servesBuiltBundle(service);
      // Reading what may replace values is dear: it is asked last.
      if ((hosts.length === 0 && !isBundle) || replacesAtRunTime(stack, service)) continue;
      yield* hosts;
      if (!isBundle) continue;
      yield* ofThisMachine(stack, service);
      yield* ignored(stack, service);
      yield* rewritten(service);
      if (gradeOf(service) === "development") continue;
      for (const file of stack.envFiles) {
        if (placeholders.has(file) || !/(?:^|\/)\.env\.production$/.test(file.file)) continue;
        placeholders.add(file);
        yield* unfinished(stack, service, file);
      }
    }
  },
});

/** Names of services exist only inside the project's network; the browser is outside. */
function* internalHosts(service: Service) {
  const found = containerHosts(service);
  if (found.length === 0) return;
  const places = found.map(({ variable, target }) =>
    evidence(variable.at, `"${target.name}" is a name of this project's network`),
  );
  yield {
    subject: service.name,
    message: `${listNames([...new Set(found.map(each => each.variable.name))])} of "${service.name}" ${found.length === 1 ? "names" : "name"} a container as the host, which no browser can resolve.`,
    evidence: places,
    severity: weigh(service, "high"),
  };
}

function* ignored(stack: Stack, service: Service) {
  const { useless, uses } = lateVariables(stack, service);
  const names = useless.map(each => each.name).filter(name => uses.some(read => read.name === name));
  if (names.length === 0) return;
  const late = useless.filter(each => names.includes(each.name));
  const set = late.map(each => evidence(each.at, "set when it is too late"));
  const used = uses.map(read =>
    evidence(read.at, read.default ? "the default is built in" : "nothing is built in"),
  );
  const one = names.length === 1;
  yield {
    subject: service.name,
    message: `Service "${service.name}" gets ${listNames(names)} when it starts, but the code that reads ${one ? "it" : "them"} was built before, without ${one ? "it" : "them"}.`,
    evidence: [...set, ...used],
    severity: weigh(service, "high"),
    fix: () =>
      offer(
        {
          title: `Build with ${listNames(names)}`,
          grade: "needs-testing" as const,
          test: "Build the image, open the site, and see in the browser's network tools which addresses it calls.",
        },
        asBuildArguments(stack, service, late),
      ),
  };
}

/** The browser takes localhost for the visitor's own computer. Only where it is sure that the stack is for a server. */
function* ofThisMachine(stack: Stack, service: Service) {
  const all = loopbackBuiltIn(stack, service);
  // A default may be replaced on the server: what is sure comes first and is told alone.
  const sure = all.filter(each => each.unless === undefined);
  const found = sure.length > 0 ? sure : all;
  const [first, ...rest] = found;
  if (!first) return;
  const unless = sure.length > 0 ? [] : [...new Set(found.flatMap(each => each.unless ?? []))];
  const wherever =
    unless.length > 0 ? ` while ${listNames(unless)} ${unless.length === 1 ? "is" : "are"} not set` : "";
  yield {
    subject: `${service.name} localhost`,
    message: `${listNames([...new Set(found.map(each => each.name))])} of "${service.name}" ${found.length === 1 ? "is" : "are"} built in with an address of this machine${wherever}: every visitor's browser asks the visitor's own computer.`,
    evidence: [
      evidence(first.at, "localhost is the visitor's computer"),
      ...rest.map(each => evidence(each.at, "localhost is the visitor's computer")),
    ],
    severity: weigh(service, unless.length > 0 ? "medium" : "high"),
    ...(unless.length > 0 ? { confidence: "likely" as const } : {}),
  };
}

/** Next writes the targets of its rewrites down when it builds; what starts later reads them from there. */
function* rewritten(service: Service) {
  for (const use of lateRewrites(service)) {
    yield {
      subject: `${service.name}: ${use.name}`,
      message: `Service "${service.name}" gets "${use.name}" when it starts, but Next has written the targets of its rewrites down while it was built${use.fallback === undefined ? "" : `, as ${use.fallback}`}.`,
      evidence: [
        evidence(use.givenAt, "set when it is too late"),
        evidence(use.at, "read while it is built"),
      ] as [Evidence, Evidence],
      severity: weigh(service, "high"),
    };
  }
}

/** A bundler reads .env.production of the component when it builds. */
function* unfinished(stack: Stack, service: Service, file: EnvFile) {
  const entries = placeholdersBuiltIn(stack, service, file);
  if (entries.length === 0) return;
  const places = entries.map(entry => evidence(entry.at, "a placeholder is built in"));
  yield {
    subject: file.file,
    message: `The bundle of "${service.name}" is built with placeholders from ${file.file} for ${listNames(entries.map(entry => entry.name.value))}.`,
    evidence: places,
    severity: weigh(service, "critical"),
  };
}
