import type { Edit } from "../core/fix.ts";
import { dirname } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location, Source } from "../core/source.ts";
import { appendParagraph } from "../formats/dotenv-edit.ts";
import { entriesOf, itemsOf, pairOf, type YamlNode } from "../formats/yaml.ts";
import { addItem, addPair, replaceNode } from "../formats/yaml-edit.ts";
import type { ComposeProject, Service, Stack } from "../stack/stack.ts";

/**
 * Gives a service a variable in the file where the service is written, in place of a value that is written there, too.
 * Undefined where other services would get it with this one.
 */
export function giveVariable(stack: Stack, service: Service, name: string, value: string): Edit | undefined {
  const source = sourceOf(stack, service.at.file);
  const pair = pairOf(service.node, "environment");
  if (!source || isAnchored(source, service.at, service.node.at)) return undefined;
  if (!pair)
    return addPair(
      source,
      service.node,
      ["environment:", `  ${name}: ${quoted(value)}`],
      ["image", "build", "env_file"],
    );
  const { value: node } = pair;
  if (!isInside(service.node, pair.at) || isAnchored(source, pair.key.at, node.at)) return undefined;
  if (node.kind === "map") {
    const known = entriesOf(node).find(entry => entry.key.value === name);
    if (!known) return addPair(source, node, [`${name}: ${quoted(value)}`]);
    return isInside(node, known.value.at) ? replaceNode(known.value, quoted(value)) : undefined;
  }
  if (node.kind !== "seq") return undefined;
  const item = itemsOf(node).find(each => each.kind === "scalar" && each.text.split("=")[0] === name);
  return item
    ? replaceNode(item, quoted(`${name}=${value}`))
    : addItem(source, node, quoted(`${name}=${value}`));
}

/** Several variables for one service; undefined where one of them cannot be given. */
export function giveVariables(
  stack: Stack,
  service: Service,
  variables: readonly (readonly [string, string])[],
): readonly Edit[] | undefined {
  const [first, ...others] = variables;
  if (!first) return [];
  const head = giveVariable(stack, service, ...first);
  if (!head) return undefined;
  if (!pairOf(service.node, "environment")) {
    // The key is there once, and the lines below it are moved in as the first is.
    const line = head.text.split(/\r?\n/).find(each => each.includes(first[0]))!;
    const eol = head.text.includes("\r\n") ? "\r\n" : "\n";
    const more = others.map(([name, value]) => `${/^ */.exec(line)![0]}${name}: ${quoted(value)}`);
    return [{ ...head, text: head.text.replace(line, () => [line, ...more].join(eol)) }];
  }
  const rest = others.map(([name, value]) => giveVariable(stack, service, name, value));
  return rest.every(edit => edit !== undefined) ? [head, ...rest] : undefined;
}

/** Texts that YAML would read as something else, and those that end a plain one. */
function quoted(text: string): string {
  const isPlain =
    /^[\w$./][^#]*$/.test(text) &&
    !/: |:$|^(?:true|false|yes|no|on|off|null|~|[\d.]+)$/i.test(text) &&
    !/[{[,](?=[^}]*$)/.test(text.replace(/\$\{[^}]*\}/g, ""));
  return isPlain ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** Adds a variable to the example of the project's environment, where there is one and it does not have it. */
export function documentVariable(
  stack: Stack,
  project: ComposeProject,
  { name, example, says }: { readonly name: string; readonly example: string; readonly says: string },
): readonly Edit[] {
  const file = stack.envFiles.find(
    each => each.role === "example" && [project.directory, ""].includes(dirname(each.file)),
  );
  const source = file && sourceOf(stack, file.file);
  if (!source || new RegExp(`^[ \\t]*(?:export\\s+)?${name}=`, "m").test(source.text)) return [];
  const lines = [`# ${says[0]!.toUpperCase()}${says.slice(1)}`, `${name}=${example}`];
  return [appendParagraph(source.path, source, lines)];
}

function isInside(node: YamlNode, at: Location): boolean {
  return at.file === node.at.file && at.span.start >= node.at.span.start && at.span.end <= node.at.span.end;
}

/** Between a key and its value stands an anchor: other places take the value over. Or the value stands elsewhere. */
function isAnchored(source: Source, key: Location, value: Location): boolean {
  if (key.file !== value.file || value.span.start < key.span.end) return true;
  return /[&*]/.test(source.text.slice(key.span.end, value.span.start).replace(/#[^\n]*/g, ""));
}
