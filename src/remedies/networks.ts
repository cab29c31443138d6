import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate, type Source } from "../core/source.ts";
import { itemsOf } from "../formats/yaml.ts";
import { addItem } from "../formats/yaml-edit.ts";
import { hostNames, isStore, proxiesOf } from "../stack/query.ts";
import type { ComposeProject, Service, Stack } from "../stack/stack.ts";
import { addToService, ownPair } from "./service-edit.ts";

/**
 * Moves a proxy to a network of its own, with the services that it passes requests to. Undefined unless all of these
 * are known, stand in one file, and have their networks as plain lists.
 */
export function separateDoor(stack: Stack, project: ComposeProject, door: Service): Fix | undefined {
  const source = sourceOf(stack, project.files[0]!);
  const name = ["front", "edge"].find(each => !project.networks.some(network => network.name === each));
  const behind = passedTo(stack, project, door);
  if (project.files.length !== 1 || !source || !name || !behind || behind.some(isStore)) return undefined;
  const moved = moveDoor(stack, door, name);
  const joined = behind.map(service => join(stack, service, name));
  const declared = declare(source, project, name);
  const edits = [moved, ...joined, declared];
  if (edits.some(edit => edit === undefined)) return undefined;
  return {
    title: `Give ${door.name} a network of its own with ${behind.map(each => each.name).join(", ")}`,
    grade: "big-change",
    edits: edits as Edit[],
    test: `Ask for one page of every site and route through ${door.name}, and for the certificate's renewal: each answers as before, and ${door.name} no longer resolves the names of the stores.`,
  };
}

/** The services that a proxy sends requests to, and those that call it by name; undefined where that is not known. */
function passedTo(stack: Stack, project: ComposeProject, door: Service): Service[] | undefined {
  const proxy = proxiesOf(stack, project).find(each => each.service === door);
  if (!proxy || proxy.effective.gaps.length > 0) return undefined;
  const { servers, upstreams } = proxy.effective;
  const hosts = [
    ...upstreams.flatMap(upstream => upstream.servers.map(server => server.host)),
    ...servers.flatMap(server => server.locations.flatMap(each => each.proxyPass?.host ?? [])),
  ];
  // A variable in the address may name anything.
  const text = proxy.files.map(file => sourceOf(stack, file)?.text ?? "").join("\n");
  if (
    /\b(?:proxy|fastcgi|uwsgi|grpc|scgi)_pass\s+[^;]*\$/.test(text) ||
    hosts.some(host => host.includes("$"))
  )
    return undefined;
  const behind = project.services.filter(service => hostNames(service).some(each => hosts.includes(each)));
  const callers = project.services.filter(service => service !== door && mentions(service, door));
  const all = [...new Set([...behind, ...callers])].filter(service => service !== door);
  return behind.length > 0 && !all.some(service => service.networkMode) ? all : undefined;
}

function mentions(service: Service, other: Service): boolean {
  const texts = [
    ...service.environment.map(each => each.value?.text ?? ""),
    service.process?.text ?? "",
    service.healthcheck?.command?.text ?? "",
  ];
  return hostNames(other).some(name => {
    const host = new RegExp(`(?<=//|@|[\\s"'=]|^)${name.replace(/\W/g, "\\$&")}(?=[:/]|$)`);
    return texts.some(text => host.test(text));
  });
}

/** The door's one network, which the stores are on, gives way to the new one. */
function moveDoor(stack: Stack, door: Service, name: string): Edit | undefined {
  if (!door.get("networks")) return addToService(stack, door, ["networks:", `  - ${name}`], []);
  const list = ownPair(stack, door, "networks")?.value;
  const [only, ...others] = itemsOf(list);
  return only?.kind === "scalar" && others.length === 0 ? { at: only.at, text: name } : undefined;
}

function join(stack: Stack, service: Service, name: string): Edit | undefined {
  if (!service.get("networks"))
    return addToService(stack, service, ["networks:", "  - default", `  - ${name}`], []);
  const pair = ownPair(stack, service, "networks");
  const source = pair && sourceOf(stack, pair.at.file);
  return source && pair.value.kind === "seq" ? addItem(source, pair.value, name) : undefined;
}

/** Names the network at the top of the file's `networks`, or at the end of the file. */
function declare(source: Source, project: ComposeProject, name: string): Edit | undefined {
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const key = /^networks:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*?( +)[^\s#]/m.exec(source.text);
  if (key) {
    const start = source.text.indexOf("\n", key.index) + 1;
    return { at: locate(source, start, start), text: `${key[1]}${name}:${eol}` };
  }
  if (project.networks.length > 0 || /^networks:/m.test(source.text)) return undefined;
  const end = source.text.length;
  const gap = source.text.endsWith("\n") ? "" : eol;
  return { at: locate(source, end, end), text: `${gap}${eol}networks:${eol}  ${name}:${eol}` };
}
