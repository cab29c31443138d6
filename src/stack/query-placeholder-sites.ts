import type { Location } from "../core/source.ts";
import { entriesOf, pairOf, parseYaml, textOf } from "../formats/yaml.ts";
import { containerFile, isOptional } from "./query.ts";
import { isSaidInScripts } from "./query-certificates.ts";
import { routersOf } from "./query-traefik.ts";
import type { ComposeProject, Service, Stack } from "./stack.ts";

/** Front doors that answer to a name of the documentation alone. */
export interface PlaceholderSite {
  readonly service: Service;
  readonly name: string;
  readonly at: Location;
}

interface SiteName {
  readonly service: Service;
  readonly name: string;
  readonly at: Location;
}

/** Every place that names the site of a project with Traefik or Caddy; empty where any of them is a real name. */
export function placeholderSites(stack: Stack, project: ComposeProject): PlaceholderSite[] {
  const services = project.services.filter(service => !isOptional(service));
  const names = [
    ...services.flatMap(labelled),
    ...services.flatMap(service => inFile(stack, service)),
    ...caddied(stack, project),
  ];
  if (names.length === 0 || !names.every(({ name }) => placeholder.test(name))) return [];
  const given = new RegExp(
    `(?:sed|envsubst|perl|awk)\\b[^\\n]*${names[0]!.name.replaceAll(".", "\\\\?\\.")}`,
  );
  return isSaidInScripts(stack, given) ? [] : names;
}

const placeholder =
  /(?:^|\.)(?:example\.(?:com|org|net)|your[-_]?(?:domain|site|host|server)(?:name)?\.\w+|(?:my|the)?domain\.(?:com|tld)|my-?site\.com|mydomain\.\w+|change-?me\.\w+)$/i;

function hostsOf(rule: string): string[] {
  return [...rule.matchAll(/\bHost\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    [...list.matchAll(/[`"']([^`"']+)[`"']/g)].map(match => match[1]!),
  );
}

function labelled(service: Service): SiteName[] {
  return routersOf(service).flatMap(router =>
    hostsOf(router.rule ?? "").map(name => ({ service, name, at: router.at })),
  );
}

const folder = "/etc/traefik";

/** Routers in a YAML file of Traefik, mounted or in its image. */
function inFile(stack: Stack, service: Service): SiteName[] {
  const base = service.imageRef?.family ?? service.model?.base?.name ?? "";
  if (!/(?:^|\/)traefik$/.test(base)) return [];
  const found = ["traefik.yml", "traefik.yaml", "dynamic.yml", "dynamic.yaml", "config.yml"].flatMap(name => {
    const path = containerFile(stack, service, `${folder}/${name}`).repositoryPath;
    const read = path === undefined ? undefined : stack.files.read(path);
    return read && "source" in read ? [read.source] : [];
  });
  return found.flatMap(source => {
    const http = pairOf(parseYaml(source).model[0]?.root, "http")?.value;
    return entriesOf(pairOf(http, "routers")?.value).flatMap(({ value }) => {
      const rule = textOf(pairOf(value, "rule")?.value);
      return rule ? hostsOf(rule.value).map(name => ({ service, name, at: rule.at })) : [];
    });
  });
}

function caddied(stack: Stack, project: ComposeProject): SiteName[] {
  return stack.caddies
    .filter(({ service }) => service.project === project && !isOptional(service))
    .flatMap(({ service, model }) =>
      model.sites.flatMap(site =>
        site.addresses.map(({ host, text, at }) => ({ service, name: host ?? text, at })),
      ),
    );
}
