import type { ArtifactKind, Parsed } from "../core/artifact.ts";
import type { Located, Source } from "../core/source.ts";
import { child, entriesOf, itemsOf, parseYaml, textOf, type YamlNode } from "../formats/yaml.ts";

export interface Devcontainer {
  /** Its path. */
  readonly file: string;
  /** Compose files relative to the file's folder, as written. */
  readonly composeFiles: readonly Located<string>[];
  readonly service?: Located<string>;
  readonly image?: Located<string>;
  /** Relative to the file's folder, as written. */
  readonly build?: {
    readonly dockerfile?: Located<string>;
    readonly context?: Located<string>;
    readonly target?: Located<string>;
  };
  readonly runArgs: readonly Located<string>[];
  readonly environment: readonly { readonly name: Located<string>; readonly value: Located<string> }[];
}

function recognises(path: string): boolean {
  return /(?:^|\/)(?:\.devcontainer\/(?:[^/]+\/)?devcontainer|\.devcontainer)\.json$/.test(path);
}

/** JSON with comments as JSON: comments and commas before a closing bracket become blanks, so that places stay. */
export function blankJsonComments(text: string): string {
  const pieces = /"(?:\\[\s\S]|[^"\\])*"?|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[^"/]+|\//g;
  let result = "";
  for (const [piece] of text.matchAll(pieces)) {
    const isComment = piece.startsWith("//") || piece.startsWith("/*");
    result += isComment ? piece.replace(/[^\r\n]/g, " ") : piece;
  }
  return blankTrailingCommas(result);
}

function blankTrailingCommas(text: string): string {
  let result = "";
  let comma = -1;
  let last = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
      continue;
    }
    if (char === '"') quoted = true;
    if (char === "," && !quoted) comma = i;
    else if ((char === "}" || char === "]") && comma !== -1) {
      result += `${text.slice(last, comma)} `;
      last = comma + 1;
      comma = -1;
    } else if (!/\s/.test(char)) comma = -1;
  }
  return result + text.slice(last);
}

function texts(node: YamlNode | undefined): Located<string>[] {
  const single = textOf(node);
  return single ? [single] : itemsOf(node).flatMap(item => textOf(item) ?? []);
}

function parse(source: Source): Parsed<Devcontainer> {
  // Tabs indent JSON and not YAML; a blank is as wide.
  const text = blankJsonComments(source.text).replaceAll("\t", " ");
  const { model, problems } = parseYaml({ path: source.path, text });
  const root = model[0]?.root;
  const service = textOf(child(root, "service"));
  const image = textOf(child(root, "image"));
  const dockerfile = textOf(child(root, "build", "dockerfile")) ?? textOf(child(root, "dockerFile"));
  const context = textOf(child(root, "build", "context")) ?? textOf(child(root, "context"));
  const target = textOf(child(root, "build", "target"));
  const environment = [...entriesOf(child(root, "containerEnv")), ...entriesOf(child(root, "remoteEnv"))];
  return {
    model: {
      file: source.path,
      composeFiles: texts(child(root, "dockerComposeFile")),
      ...(service ? { service } : {}),
      ...(image ? { image } : {}),
      ...(dockerfile || context || target
        ? {
            build: {
              ...(dockerfile ? { dockerfile } : {}),
              ...(context ? { context } : {}),
              ...(target ? { target } : {}),
            },
          }
        : {}),
      runArgs: texts(child(root, "runArgs")),
      environment: environment.flatMap(entry => {
        const value = textOf(entry.value);
        return value ? [{ name: entry.key, value }] : [];
      }),
    },
    problems,
  };
}

export const devcontainer: ArtifactKind<Devcontainer> = { kind: "devcontainer", recognises, parse };
