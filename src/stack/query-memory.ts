import type { Located, Location } from "../core/source.ts";
import type { Service } from "./stack.ts";

/** Questions about how much memory a service may use, and what its program believes. */

/** The memory limit of a service in bytes; undefined when there is none, or only a default that the host may replace. */
export function memoryLimit(service: Service): Located<number> | undefined {
  const text = service.text("deploy", "resources", "limits", "memory") ?? service.text("mem_limit");
  const bytes = text?.text === undefined || text.byDefault ? undefined : sizeOf(text.text, 1);
  return text && bytes ? { value: bytes, at: text.at } : undefined;
}

/** A size that a program keeps to by itself. */
export interface MemorySetting {
  readonly name: string;
  readonly bytes: number;
  readonly at: Location;
}

/** Heap and cache sizes on the command line and in the variables that runtimes read. */
export function memorySettings(service: Service): MemorySetting[] {
  const found: MemorySetting[] = [];
  const add = (name: string, text: string | undefined, unit: number, at: Location) => {
    const bytes = text === undefined ? undefined : sizeOf(text, unit);
    if (bytes) found.push({ name, bytes, at });
  };
  const read = (text: string, at: Location) => {
    add("--max-old-space-size", /--max[-_]old[-_]space[-_]size[= ](\d+)/.exec(text)?.[1], 2 ** 20, at);
    add("-Xmx", /(?:^|\s)-Xmx(\d+[kmgt]?)\b/i.exec(text)?.[1], 1, at);
  };
  const given = service.process?.argv ?? [];
  // Options alone: the entry point of the image puts the server before them.
  const words = given.length > 0 ? given : (service.command?.words ?? []);
  words.forEach((word, index) => {
    if (word.value === undefined) return;
    const next = words[index + 1];
    read(word.value, word.at);
    if (word.value === "--maxmemory" && next) add("maxmemory", next.value, 1, next.at);
    const buffers = /^(?:--)?shared_buffers=(\S+)$/.exec(word.value)?.[1];
    // PostgreSQL counts blocks of 8 kB when no unit is given.
    if (buffers) add("shared_buffers", buffers, 8192, word.at);
    const pool = /^--innodb[-_]buffer[-_]pool[-_]size=(\S+)$/.exec(word.value)?.[1];
    if (pool) add("innodb_buffer_pool_size", pool, 1, word.at);
    const cache = /^--wiredTigerCacheSizeGB(?:=(\S+))?$/.exec(word.value);
    if (cache)
      add("wiredTigerCacheSizeGB", cache[1] ?? next?.value, 2 ** 30, cache[1] ? word.at : (next ?? word).at);
  });
  for (const variable of service.environment)
    if (
      [
        "NODE_OPTIONS",
        "JAVA_OPTS",
        "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "ES_JAVA_OPTS",
        "OPENSEARCH_JAVA_OPTS",
      ].includes(variable.name) &&
      variable.value?.text !== undefined &&
      !variable.value.byDefault
    )
      read(variable.value.text, variable.at);
  return found;
}

const units: Readonly<Record<string, number>> = { "": 0, b: 0, k: 1, m: 2, g: 3, t: 4 };

/** `512m`, `1.5G`, `256MB`, `1gib` in bytes; a bare number counts in `unit`. */
function sizeOf(text: string, unit: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtb]?)(i?b)?$/i.exec(text.trim());
  if (!match) return undefined;
  const number = Number(match[1]);
  return match[2] === "" ? number * unit : number * 1024 ** units[match[2]!.toLowerCase()]!;
}
