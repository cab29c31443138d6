import { inside, isOutside, join } from "../../core/path.ts";
import type { ProjectFiles } from "../../core/project-files.ts";
import { child, itemsOf, type YamlNode } from "../../formats/yaml.ts";
import type { ComposeProject, Dependency, Mount, Port } from "../stack.ts";
import type { Lookup } from "./interpolate.ts";
import { keyedPairs, splitColons } from "./merge.ts";
import { scalarValue } from "./values.ts";

/** Published ports, short and long form. A range counts by its first port. */
export function portsOf(node: YamlNode | undefined, lookup: Lookup): Port[] {
  return itemsOf(node).flatMap(item =>
    item.kind === "map" ? longPort(item, lookup) : shortPort(item, lookup),
  );
}

function longPort(node: YamlNode, lookup: Lookup): Port[] {
  const field = (name: string): string | undefined => scalarValue(child(node, name), lookup)?.text;
  const target = firstPort(field("target"));
  const hostIp = field("host_ip");
  const published = firstPort(field("published"));
  const raw = `${hostIp ? `${hostIp}:` : ""}${field("published") ?? ""}:${field("target") ?? "?"}`;
  return [
    {
      raw,
      ...(hostIp === undefined ? {} : { hostIp }),
      ...(published === undefined ? {} : { published }),
      ...(target === undefined ? {} : { target }),
      protocol: field("protocol") ?? "tcp",
      at: node.at,
      public: child(node, "host_ip") ? isPublic(hostIp) : true,
    },
  ];
}

function shortPort(node: YamlNode, lookup: Lookup): Port[] {
  const value = scalarValue(node, lookup);
  if (!value) return [];
  // Unknown variables keep their spelling, so that the shape (address, host, container) is still seen.
  const text = value.text ?? value.raw;
  const [body, protocol = "tcp"] = splitOnce(text, "/");
  const parts = splitPort(body);
  const target = firstPort(parts.at(-1));
  const published = parts.length > 1 ? firstPort(parts.at(-2)) : undefined;
  const hostIp =
    parts.length > 2
      ? parts
          .slice(0, -2)
          .join(":")
          .replace(/^\[|\]$/g, "")
      : undefined;
  return [
    {
      raw: text,
      ...(hostIp === undefined ? {} : { hostIp }),
      ...(published === undefined ? {} : { published }),
      ...(target === undefined ? {} : { target }),
      protocol,
      at: node.at,
      public: hostIp === undefined ? true : isPublic(hostIp),
    },
  ];
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const index = text.lastIndexOf(separator);
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

function splitPort(text: string): string[] {
  const v6 = /^(\[[^\]]*\]):(.*)$/.exec(text);
  return v6 ? [v6[1]!, ...splitColons(v6[2]!)] : splitColons(text);
}

function firstPort(text: string | undefined): number | undefined {
  const match = /^(\d{1,5})(?:-\d+)?$/.exec(text ?? "");
  return match ? Number(match[1]) : undefined;
}

function isPublic(ip: string | undefined): boolean | undefined {
  if (ip === undefined || ip.includes("$")) return undefined;
  return !(/^127\./.test(ip) || ip === "::1" || ip === "localhost");
}

export interface MountContext {
  readonly files: ProjectFiles;
  readonly lookup: Lookup;
  baseOf(file: string): string;
}

/** Mounts of `volumes` and `tmpfs`. */
export function mountsOf(
  volumes: YamlNode | undefined,
  tmpfs: YamlNode | undefined,
  context: MountContext,
): Mount[] {
  const mounts = itemsOf(volumes).flatMap(item =>
    item.kind === "map" ? longMount(item, context) : shortMount(item, context),
  );
  const list = tmpfs?.kind === "seq" ? tmpfs.items : tmpfs ? [tmpfs] : [];
  for (const item of list) {
    const value = scalarValue(item, context.lookup);
    if (!value) continue;
    const target = (value.text ?? value.raw).split(":")[0]!;
    mounts.push({
      type: "tmpfs",
      target,
      readOnly: false,
      at: item.at,
      sourceAt: item.at,
      createsHostPath: false,
    });
  }
  return mounts;
}

/** What `configs` brings: files of the repository, each at its place. */
export function configMounts(
  configs: YamlNode | undefined,
  { configs: named }: Pick<ComposeProject, "configs">,
  { files, lookup }: MountContext,
): Mount[] {
  return itemsOf(configs).flatMap((item): Mount[] => {
    const field = (name: string): string | undefined => scalarValue(child(item, name), lookup)?.text;
    const source = item.kind === "map" ? field("source") : scalarValue(item, lookup)?.text;
    const path = named.find(each => each.name === source)?.path?.value;
    if (source === undefined || path === undefined || files.has(path) !== "file") return [];
    const target = (item.kind === "map" ? field("target") : undefined) ?? `/${source}`;
    return [
      {
        ...{ type: "bind", source, repositoryPath: path, exists: "file", target: trim(target) },
        ...{ readOnly: true, at: item.at, sourceAt: item.at, createsHostPath: false },
      },
    ];
  });
}

function shortMount(node: YamlNode, context: MountContext): Mount[] {
  const value = scalarValue(node, context.lookup);
  if (!value) return [];
  const text = value.text ?? value.raw;
  const parts = splitColons(text);
  if (parts.length === 1) {
    return [
      {
        type: "volume",
        target: trim(parts[0]!),
        readOnly: false,
        at: node.at,
        sourceAt: node.at,
        createsHostPath: false,
      },
    ];
  }
  const [source = "", target = "", mode = ""] = parts;
  const readOnly = mode.split(",").includes("ro");
  return [build(node, source, target, readOnly, isHostPath(source) ? "bind" : "volume", true, context)];
}

function longMount(node: YamlNode, context: MountContext): Mount[] {
  const field = (name: string): string | undefined => scalarValue(child(node, name), context.lookup)?.text;
  const type = field("type");
  const target = field("target");
  if (target === undefined) return [];
  const readOnly = field("read_only") === "true";
  const source = field("source");
  if (type === "bind" && source !== undefined) {
    const creates = scalarValue(child(node, "bind", "create_host_path"), context.lookup)?.text;
    return [
      build(node, source, target, readOnly, "bind", creates === "true", context, child(node, "source")),
    ];
  }
  const kind = type === "tmpfs" ? "tmpfs" : type === "volume" ? "volume" : "other";
  const mount: Mount = {
    type: kind,
    target: trim(target),
    readOnly,
    at: node.at,
    sourceAt: child(node, "source")?.at ?? node.at,
    createsHostPath: false,
  };
  return [source === undefined ? mount : { ...mount, source }];
}

function build(
  node: YamlNode,
  source: string,
  target: string,
  readOnly: boolean,
  type: "bind" | "volume",
  createsHostPath: boolean,
  context: MountContext,
  sourceNode?: YamlNode,
): Mount {
  const base: Mount = {
    type,
    source,
    target: trim(target),
    readOnly,
    at: node.at,
    sourceAt: sourceNode?.at ?? node.at,
    createsHostPath,
  };
  if (type !== "bind" || source.includes("$") || /^(?:[~/]|[A-Za-z]:[\\/])/.test(source)) return base;
  const path = join(context.baseOf(node.at.file), source);
  if (isOutside(path)) return base;
  return {
    ...base,
    repositoryPath: path,
    exists: path === "" ? "directory" : (context.files.has(path) ?? "absent"),
  };
}

function trim(target: string): string {
  return target.length > 1 ? target.replace(/\/+$/, "") : target;
}

function isHostPath(source: string): boolean {
  return /^(\.|\/|~|\$\{?(PWD|HOME)\b)/.test(source) || /^[A-Za-z]:[\\/]/.test(source);
}

/** `depends_on` in either spelling. */
export function dependenciesOf(node: YamlNode | undefined, lookup: Lookup): Dependency[] {
  if (node?.kind === "seq") {
    return keyedPairs(node).map(pair => ({
      service: pair.key.value,
      condition: "service_started",
      required: true,
      at: pair.key.at,
    }));
  }
  return keyedPairs(node).map(pair => ({
    service: pair.key.value,
    condition: scalarValue(child(pair.value, "condition"), lookup)?.text ?? "service_started",
    required: scalarValue(child(pair.value, "required"), lookup)?.text !== "false",
    at: pair.at,
  }));
}

/** A repository path as a container path below a mount, when the mount covers it. */
export function throughMount(mount: Mount, containerPath: string): string | undefined {
  const rest = inside(mount.target, containerPath);
  if (rest === undefined || mount.repositoryPath === undefined) return undefined;
  return rest === "" ? mount.repositoryPath : join(mount.repositoryPath, rest);
}
