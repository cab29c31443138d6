import type { EnvFile } from "../artifacts/env-file.ts";
import { nextConfigFile, rewriteVariables } from "../artifacts/next.ts";
import { inside } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { serviceAt } from "./query.ts";
import { buildArgument, hostOf, isBuildInput, isInBuild, isUnfinished, publicName } from "./query-bundles.ts";
import { componentReads, givenVariables, isLoopback, ownsFile } from "./query-environment.ts";
import type { ComposeProject, Service, Stack, Variable } from "./stack.ts";

/** Questions about values that a build fixes for good, of services that serve a built bundle. */

/** Public variables with a name of the project's network as their host. */
export function containerHosts(service: Service) {
  // A browser that runs in a container is inside.
  if (
    /playwright|cypress|selenium|puppeteer|e2e|test/i.test(
      `${service.name} ${service.model?.base?.name ?? ""}`,
    )
  )
    return [];
  const all = [...givenVariables(service), ...(service.build?.args ?? [])];
  return all.flatMap(variable => {
    if (!publicName.test(variable.name) || /INTERNAL|SSR|(?:^|_)SERVER(?:_SIDE)?(?:$|_)/.test(variable.name))
      return [];
    const host = hostOf(variable.value?.text);
    const target = host === undefined || host.includes(".") ? undefined : serviceAt(service.project, host);
    return target ? [{ variable, target }] : [];
  });
}

/** Public variables that come when the container starts, and where the code that was built before reads them. */
export function lateVariables(stack: Stack, service: Service) {
  const component = service.component!;
  const { reads, wildcards } = componentReads(stack, component);
  if (wildcards.length > 0) return { useless: [], uses: [] };
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
  return { useless, uses };
}

/** Given at run time alone. Values that the service's own Dockerfile or build arguments bring are fine. */
function isUseless(service: Service, variable: Variable): boolean {
  if (!publicName.test(variable.name)) return false;
  // Reported as an internal host already.
  const host = hostOf(variable.value?.text);
  if (host !== undefined && !host.includes(".") && serviceAt(service.project, host)) return false;
  return !buildArgument(service, variable.name) && !isBuildInput(service, variable.name);
}

export interface BuiltIn {
  readonly name: string;
  readonly at: Location;
  /** The variable of Compose that was to bring another value; it is a default then. */
  readonly unless?: string;
}

/** Somebody ships it, or its name says production. */
export function isSurelyForServer({ grade, because }: ComposeProject): boolean {
  return grade === "deployed" && /ships it$|says production$/.test(because.text);
}

/** Addresses of this machine that are built in. Only where it is sure that the stack is for a server. */
export function loopbackBuiltIn(stack: Stack, service: Service): readonly BuiltIn[] {
  if (!isSurelyForServer(service.project)) return [];
  const { names } = componentReads(stack, service.component!);
  const given = (service.build?.args ?? []).map(argument => ({ ...argument, ...builtText(stack, argument) }));
  // An ENV that takes a build argument's value is the same place again.
  const fixed = fixedInDockerfile(service).filter(each => !given.some(({ name }) => name === each.name));
  return [...given, ...fixed].filter(
    ({ name, text }) => publicName.test(name) && names.has(name) && isLoopback(hostOf(text) ?? ""),
  );
}

/** What is built in, as far as the repository tells: a literal, or the default of a variable that no example names. */
function builtText(stack: Stack, { value }: Variable): { text: string | undefined; unless?: string } {
  if (!value || value.references.length === 0) return { text: value?.text };
  const [only, ...others] = value.references;
  const alone = only && others.length === 0 && /^\$\{[^{}]*\}$/.test(value.raw.trim());
  if (!alone || !/^:?-$/.test(only.operator ?? "")) return { text: undefined };
  // Whoever copies the example sets an address of the server.
  const isAsked = stack.envFiles.some(file =>
    file.entries.some(
      entry => entry.name.value === only.name && !isLoopback(hostOf(entry.value.value) ?? "localhost"),
    ),
  );
  return isAsked ? { text: undefined } : { text: only.argument, unless: only.name };
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

export interface LateRewrite extends BuiltIn {
  readonly fallback?: string;
  readonly givenAt: Location;
}

/** Variables of Next's rewrites that come when the container starts. */
export function lateRewrites(service: Service): readonly LateRewrite[] {
  const component = service.component!;
  const file = component.kind === "next" ? nextConfigFile(component.files, component.dir) : undefined;
  const source = file === undefined ? undefined : component.files.read(file);
  if (!source) return [];
  return rewriteVariables(source).flatMap(use => {
    const given = givenVariables(service).find(each => each.name === use.name);
    if (!given || publicName.test(use.name) || given.value?.text === use.fallback) return [];
    if (buildArgument(service, use.name) || isBuildInput(service, use.name)) return [];
    return [{ ...use, givenAt: given.at }];
  });
}

/** Placeholders that a bundler takes from .env.production of the component when it builds. */
export function placeholdersBuiltIn(stack: Stack, service: Service, file: EnvFile): EnvFile["entries"] {
  const component = service.component!;
  if (inside(component.dir, file.file)?.includes("/") !== false) return [];
  if (stack.files.tracked(file.file) === false || !isInBuild(service, component, file.file)) return [];
  const { names } = componentReads(stack, component);
  return file.entries.filter(
    ({ name, value }) =>
      publicName.test(name.value) &&
      names.has(name.value) &&
      isUnfinished(value.value) &&
      !buildArgument(service, name.value) &&
      !isBuildInput(service, name.value),
  );
}
