import type { EnvFile } from "../../artifacts/env-file.ts";
import { nextConfigFile, rewriteVariables } from "../../artifacts/next.ts";
import type { Evidence } from "../../core/finding.ts";
import { inside } from "../../core/path.ts";
import { asBuildArguments } from "../../remedies/build-argument.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, gradeOf, listNames, serviceAt, weigh } from "../../stack/query.ts";
import {
  buildArgument,
  hostOf,
  isBuildInput,
  isInBuild,
  isUnfinished,
  publicName,
  replacesAtRunTime,
  servesBuiltBundle,
} from "../../stack/query-bundles.ts";
import { componentReads, givenVariables, isLoopback, ownsFile } from "../../stack/query-environment.ts";
import type { Service, Stack, Variable } from "../../stack/stack.ts";
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
  // A browser that runs in a container is inside.
  if (
    /playwright|cypress|selenium|puppeteer|e2e|test/i.test(
      `${service.name} ${service.model?.base?.name ?? ""}`,
    )
  )
    return;
  const all = [...givenVariables(service), ...(service.build?.args ?? [])];
  const found = all.flatMap(variable => {
    if (!publicName.test(variable.name) || /INTERNAL|SSR|(?:^|_)SERVER(?:_SIDE)?(?:$|_)/.test(variable.name))
      return [];
    const host = hostOf(variable.value?.text);
    const target = host === undefined || host.includes(".") ? undefined : serviceAt(service.project, host);
    return target ? [{ variable, target }] : [];
  });
  if (found.length === 0) return;
  const [first, ...rest] = found.map(({ variable, target }) =>
    evidence(variable.at, `"${target.name}" is a name of this project's network`),
  );
  yield {
    subject: service.name,
    message: `${listNames([...new Set(found.map(each => each.variable.name))])} of "${service.name}" ${found.length === 1 ? "names" : "name"} a container as the host, which no browser can resolve.`,
    evidence: [first!, ...rest] as [Evidence, ...Evidence[]],
    severity: weigh(service, "high"),
  };
}

function* ignored(stack: Stack, service: Service) {
  const component = service.component!;
  const { reads, wildcards } = componentReads(stack, component);
  if (wildcards.length > 0) return;
  const useless = givenVariables(service).filter(
    variable =>
      isUseless(service, variable) &&
      // What is built in is the same.
      !reads.some(
        read => read.name === variable.name && read.default?.value === (variable.value?.text ?? null),
      ),
  );
  const uses = useless.flatMap(({ name }) =>
    reads
      .filter(read => read.name === name && read.buildTime && ownsFile(stack, component, read.at))
      .slice(0, 1),
  );
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
    evidence: [...set, ...used] as unknown as [Evidence, ...Evidence[]],
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
  const { grade, because } = service.project;
  if (grade !== "deployed" || !/ships it$|says production$/.test(because.text)) return;
  const { names } = componentReads(stack, service.component!);
  const given = (service.build?.args ?? []).map(({ name, value, at }) => ({
    name,
    // What the server sets instead is not known.
    text: value?.references.length === 0 ? value.text : undefined,
    at,
  }));
  // An ENV that takes a build argument's value is the same place again.
  const fixed = fixedInDockerfile(service).filter(each => !given.some(({ name }) => name === each.name));
  const found = [...given, ...fixed].filter(
    ({ name, text }) => publicName.test(name) && names.has(name) && isLoopback(hostOf(text) ?? ""),
  );
  const [first, ...rest] = found;
  if (!first) return;
  yield {
    subject: `${service.name} localhost`,
    message: `${listNames([...new Set(found.map(each => each.name))])} of "${service.name}" ${found.length === 1 ? "is" : "are"} built in with an address of this machine: every visitor's browser asks the visitor's own computer.`,
    evidence: [
      evidence(first.at, "localhost is the visitor's computer"),
      ...rest.map(each => evidence(each.at, "localhost is the visitor's computer")),
    ] as [Evidence, ...Evidence[]],
    severity: weigh(service, "high"),
  };
}

/** `ENV VITE_API_URL=http://localhost:8000` above the build. */
function fixedInDockerfile(service: Service) {
  return (service.model?.built ?? []).flatMap(({ stage }) =>
    stage.env.map(({ name, value, at, resolved }) => ({
      name: name.value,
      text: resolved ? value.value : undefined,
      at,
    })),
  );
}

/** Next writes the targets of its rewrites down when it builds; what starts later reads them from there. */
function* rewritten(service: Service) {
  const component = service.component!;
  const file = component.kind === "next" ? nextConfigFile(component.files, component.dir) : undefined;
  const source = file === undefined ? undefined : component.files.read(file);
  if (!source) return;
  for (const use of rewriteVariables(source)) {
    const given = givenVariables(service).find(each => each.name === use.name);
    if (!given || publicName.test(use.name) || given.value?.text === use.fallback) continue;
    if (buildArgument(service, use.name) || isBuildInput(service, use.name)) continue;
    yield {
      subject: `${service.name}: ${use.name}`,
      message: `Service "${service.name}" gets "${use.name}" when it starts, but Next has written the targets of its rewrites down while it was built${use.fallback === undefined ? "" : `, as ${use.fallback}`}.`,
      evidence: [
        evidence(given.at, "set when it is too late"),
        evidence(use.at, "read while it is built"),
      ] as [Evidence, Evidence],
      severity: weigh(service, "high"),
    };
  }
}

/** Given at run time alone. Values that the service's own Dockerfile or build arguments bring are fine. */
function isUseless(service: Service, variable: Variable): boolean {
  if (!publicName.test(variable.name)) return false;
  // Reported as an internal host already.
  const host = hostOf(variable.value?.text);
  if (host !== undefined && !host.includes(".") && serviceAt(service.project, host)) return false;
  return !buildArgument(service, variable.name) && !isBuildInput(service, variable.name);
}

/** A bundler reads .env.production of the component when it builds. */
function* unfinished(stack: Stack, service: Service, file: EnvFile) {
  const component = service.component!;
  if (inside(component.dir, file.file)?.includes("/") !== false) return;
  if (stack.files.tracked(file.file) === false || !isInBuild(service, component, file.file)) return;
  const { names } = componentReads(stack, component);
  const entries = file.entries.filter(
    ({ name, value }) =>
      publicName.test(name.value) &&
      names.has(name.value) &&
      isUnfinished(value.value) &&
      !buildArgument(service, name.value) &&
      !isBuildInput(service, name.value),
  );
  if (entries.length === 0) return;
  const [first, ...rest] = entries.map(entry => evidence(entry.at, "a placeholder is built in"));
  yield {
    subject: file.file,
    message: `The bundle of "${service.name}" is built with placeholders from ${file.file} for ${listNames(entries.map(entry => entry.name.value))}.`,
    evidence: [first!, ...rest] as [Evidence, ...Evidence[]],
    severity: weigh(service, "critical"),
  };
}
