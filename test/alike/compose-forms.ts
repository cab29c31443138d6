import { type Document, isMap, isNode, isScalar, isSeq, parseDocument, visit, type YAMLMap } from "yaml";

import type { Form } from "./form.ts";

const compose = /(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/i;

/** The services of a Compose file, changed one by one. What cannot be read stays as it is. */
function services(change: (service: YAMLMap, document: Document) => void): Form["rewrite"] {
  return document(document => {
    const all = document.get("services");
    if (!isMap(all)) return;
    for (const { value } of all.items) if (isMap(value)) change(value, document);
  });
}

function document(change: (document: Document) => void): Form["rewrite"] {
  return text => {
    // Two documents in one file, and tags of Compose's own, are for the tests of the reader.
    if (/^---|!(?:reset|override)|^\t/m.test(text)) return text;
    const parsed = parseDocument(text, { merge: true, uniqueKeys: false });
    if (parsed.errors.length > 0 || parsed.contents === null) return text;
    change(parsed);
    return parsed.toString({ lineWidth: 0 });
  };
}

const plain = (node: unknown): string | undefined =>
  isScalar(node) && !node.anchor && (typeof node.value === "string" || typeof node.value === "number")
    ? String(node.value)
    : undefined;

/** The items of a list that has no anchor, as texts; undefined where one is something else. */
function texts(node: unknown): string[] | undefined {
  if (!isSeq(node) || node.anchor) return undefined;
  const found = node.items.map(plain);
  return found.every(each => each !== undefined) && found.length > 0 ? (found as string[]) : undefined;
}

const hasComment = (node: unknown): boolean =>
  isNode(node) &&
  JSON.stringify(node, (key, value) => (key === "comment" || key === "commentBefore" ? "#" : value)).includes(
    '"#"',
  );

function set(service: YAMLMap, document: Document, key: string, value: unknown): void {
  service.set(key, document.createNode(value));
}

const environmentAsMap = services((service, document) => {
  const list = texts(service.get("environment"));
  if (!list || hasComment(service.get("environment")) || list.some(each => !each.includes("="))) return;
  const map = Object.fromEntries(
    list.map(each => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]),
  );
  if (Object.keys(map).length === list.length) set(service, document, "environment", map);
});

const environmentAsList = services((service, document) => {
  const map = service.get("environment");
  if (!isMap(map) || map.anchor || map.items.length === 0) return;
  const list = map.items.map(({ key, value }) => {
    const [name, text] = [
      plain(key),
      isScalar(value) && typeof value.value === "boolean" ? String(value.value) : plain(value),
    ];
    return name === undefined || name === "<<" || text === undefined ? undefined : `${name}=${text}`;
  });
  if (list.every(each => each !== undefined)) set(service, document, "environment", list);
});

const portsInFull = services((service, document) => {
  const list = texts(service.get("ports"));
  if (!list) return;
  const full = list.map(each => {
    const found = /^(?:(\d+\.\d+\.\d+\.\d+):)?(\d+):(\d+)$/.exec(each);
    return (
      found && { target: Number(found[3]), published: found[2], ...(found[1] ? { host_ip: found[1] } : {}) }
    );
  });
  if (full.every(each => each)) set(service, document, "ports", full);
});

const volumesInFull = services((service, document) => {
  const list = texts(service.get("volumes"));
  if (!list) return;
  const full = list.map(each => {
    const found = /^([\w./-]+):(\/[\w./-]*)(:ro|:rw)?$/.exec(each);
    if (!found) return undefined;
    const [, source = "", target, mode] = found;
    const isBind = /^[./]/.test(source);
    return {
      ...{ type: isBind ? "bind" : "volume", source, target },
      ...(mode === ":ro" ? { read_only: true } : {}),
      // The short form makes a directory that is not there.
      ...(isBind ? { bind: { create_host_path: true } } : {}),
    };
  });
  if (full.every(each => each)) set(service, document, "volumes", full);
});

const dependenciesInFull = services((service, document) => {
  const list = texts(service.get("depends_on"));
  if (list)
    set(
      service,
      document,
      "depends_on",
      Object.fromEntries(list.map(name => [name, { condition: "service_started" }])),
    );
});

const buildInFull = services((service, document) => {
  const context = plain(service.get("build", true));
  if (context !== undefined) set(service, document, "build", { context });
});

const envFileAsList = services((service, document) => {
  const file = plain(service.get("env_file", true));
  if (file !== undefined) set(service, document, "env_file", [file]);
});

const commandAsList = services((service, document) => {
  for (const key of ["command", "entrypoint"]) {
    const command = plain(service.get(key, true));
    if (command && /^[\w./:=@,-]+(?: [\w./:=@,-]+)*$/.test(command))
      set(service, document, key, command.split(" "));
  }
});

const envFileInFull = services((service, document) => {
  const one = plain(service.get("env_file", true));
  const files = one === undefined ? texts(service.get("env_file")) : [one];
  if (files)
    set(
      service,
      document,
      "env_file",
      files.map(path => ({ path, required: true })),
    );
});

const labelsAsMap = services((service, document) => {
  const list = texts(service.get("labels"));
  if (!list || hasComment(service.get("labels")) || list.some(each => !each.includes("="))) return;
  const pairs = list.map(each => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]);
  if (new Set(pairs.map(([name]) => name)).size === list.length)
    set(service, document, "labels", Object.fromEntries(pairs));
});

const networksAsMap = services((service, document) => {
  const list = texts(service.get("networks"));
  if (list) set(service, document, "networks", Object.fromEntries(list.map(name => [name, null])));
});

const memoryUnderDeploy = services((service, document) => {
  const limit = plain(service.get("mem_limit", true));
  if (limit === undefined || service.has("deploy") || service.has("cpus")) return;
  service.delete("mem_limit");
  set(service, document, "deploy", { resources: { limits: { memory: limit } } });
});

const probeAsText = services(service => {
  const probe = service.get("healthcheck");
  const words = isMap(probe) && !probe.anchor ? texts(probe.get("test")) : undefined;
  if (isMap(probe) && words?.length === 2 && words[0] === "CMD-SHELL") probe.set("test", words[1]);
});

/** Names that other parts of the file refer to are left alone. */
const quoted = document(document => {
  visit(document, {
    Scalar(key, node) {
      if (key !== "key" && typeof node.value === "string" && node.type === "PLAIN")
        node.type = "QUOTE_DOUBLE";
    },
  });
});

const singleQuoted = document(document => {
  visit(document, {
    Scalar(key, node) {
      if (
        key !== "key" &&
        typeof node.value === "string" &&
        node.type === "QUOTE_DOUBLE" &&
        !/[\n\\]/.test(node.value)
      )
        node.type = "QUOTE_SINGLE";
    },
  });
});

const inOneLine = document(document => {
  visit(document, {
    Seq(_, node) {
      if (
        !hasComment(node) &&
        node.items.every(item => isScalar(item) && !item.anchor && !/[\n]/.test(String(item.value)))
      )
        node.flow = true;
    },
  });
});

/** An alias may not stand before its anchor. */
const turned = document(document => {
  let linked = false;
  visit(document, {
    Alias() {
      linked = true;
    },
  });
  const all = document.get("services");
  if (linked || !isMap(all)) return;
  for (const { value } of all.items) if (isMap(value) && !hasComment(value)) value.items.reverse();
});

export const composeForms: readonly Form[] = [
  { name: "Compose, printed anew", applies: compose, rewrite: document(() => undefined) },
  { name: "environment as a map", applies: compose, rewrite: environmentAsMap },
  { name: "environment as a list", applies: compose, rewrite: environmentAsList },
  { name: "ports in full", applies: compose, rewrite: portsInFull },
  { name: "volumes in full", applies: compose, rewrite: volumesInFull },
  { name: "depends_on in full", applies: compose, rewrite: dependenciesInFull },
  { name: "build in full", applies: compose, rewrite: buildInFull },
  { name: "env_file as a list", applies: compose, rewrite: envFileAsList },
  { name: "command as a list", applies: compose, rewrite: commandAsList },
  { name: "env_file in full", applies: compose, rewrite: envFileInFull },
  { name: "labels as a map", applies: compose, rewrite: labelsAsMap },
  { name: "networks as a map", applies: compose, rewrite: networksAsMap },
  { name: "memory under deploy", applies: compose, rewrite: memoryUnderDeploy },
  {
    name: "variables without braces",
    applies: compose,
    rewrite: text => text.replace(/(?<!\$)\$\{([A-Za-z_]\w*)\}(?!\w)/g, "$$$1"),
  },
  { name: "probes as a text", applies: compose, rewrite: probeAsText },
  { name: "values in double quotes", applies: compose, rewrite: quoted },
  { name: "values in single quotes", applies: compose, rewrite: singleQuoted },
  { name: "lists in one line", applies: compose, rewrite: inOneLine },
  { name: "keys of services in reverse", applies: compose, rewrite: turned },
];
