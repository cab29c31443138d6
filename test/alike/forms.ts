import { commandForms, lines } from "./command-forms.ts";
import { composeForms } from "./compose-forms.ts";
import type { Form } from "./form.ts";

const dockerfile = /(?:^|\/)(?:[^/]*\.)?dockerfile(?:\.[^/]*)?$/i;
const nginx = /(?:^|\/)(?:nginx[^/]*\.conf|[^/]*nginx[^/]*\/[^/]+\.conf)$/i;
const python = /\.py$/;
const javascript = /\.[cm]?[jt]sx?$/;

const instruction =
  /^(\s*)(FROM|RUN|CMD|ENTRYPOINT|COPY|ADD|ENV|ARG|EXPOSE|USER|WORKDIR|VOLUME|LABEL|HEALTHCHECK|STOPSIGNAL|SHELL|ONBUILD)(?=\s)/i;

const otherQuotes = (text: string): string =>
  text
    .split("\n")
    .map(line => (/["`\\#]|\/\//.test(line) ? line : line.replace(/(?<![\w'])'([^'\n]*)'(?!')/g, '"$1"')))
    .join("\n");

/** Where the body of a script begins: after its first line, its comments, and the options of the shell. */
function bodyOf(text: string): number {
  return /^(?:#[^\n]*\n|[ \t]*\n|set [^\n]*\n)*/.exec(text)![0].length;
}

function inFunction(text: string): string {
  const at = bodyOf(text);
  // A file of functions is for others to read in.
  if (!text.startsWith("#!") || /^(?:main|function main)\b/m.test(text)) return text;
  return `${text.slice(0, at)}main() {\n${text.slice(at).trimEnd()}\n}\n\nmain "$@"\n`;
}

function fileInVariable(text: string): string {
  const found = new Set([...text.matchAll(/\bcompose -f ([\w./-]+\.ya?ml)\b/g)].map(match => match[1]!));
  const [file, ...more] = found;
  if (!file || more.length > 0 || !text.startsWith("#!") || /<<|\bssh\b|'/.test(text)) return text;
  const at = bodyOf(text);
  const body = text.slice(at).replace(/\bcompose -f [\w./-]+\.ya?ml\b/g, 'compose -f "$STACK_FILE"');
  return `${text.slice(0, at)}STACK_FILE=${file}\n${body}`;
}

function baseInArgument(text: string): string {
  if (/^\s*(?:ARG|# ?syntax|# ?escape)\b/im.test(text.split(/^FROM/m)[0]!)) return text;
  const first = /^FROM ([\w./-]+):([\w.-]+)(?= |$)/m;
  return text.replace(
    first,
    (_, image: string, tag: string) => `ARG BASE_TAG=${tag}\nFROM ${image}:$${"{BASE_TAG}"}`,
  );
}

function namedUpstreams(text: string): string {
  // In a file that others include, a group of servers stands beside the servers.
  if (/^\s*(?:http|events|stream|upstream)\b/m.test(text) || !/^\s*server\s*\{/m.test(text)) return text;
  const targets = new Set<string>();
  const body = text.replace(/\bproxy_pass http:\/\/([a-z][\w-]*):(\d+)/g, (_, host: string, port: string) => {
    targets.add(`${host}:${port}`);
    return `proxy_pass http://${host}_${port}_pool`;
  });
  const groups = [...targets].map(
    each => `upstream ${each.replace(":", "_")}_pool {\n    server ${each};\n}\n`,
  );
  return groups.join("") + body;
}

export const forms: readonly Form[] = [
  ...composeForms,
  ...commandForms,
  { name: "the version of the base in an argument", applies: dockerfile, rewrite: baseInArgument },
  {
    name: "COPY with slashes",
    applies: dockerfile,
    rewrite: text => text.replace(/^COPY \. \.[ \t]*$/gm, "COPY ./ ./"),
  },
  {
    name: "ENV with a blank",
    applies: dockerfile,
    rewrite: text => text.replace(/^ENV (\w+)=([\w./:@-]+)[ \t]*$/gm, "ENV $1 $2"),
  },
  { name: "servers in named groups", applies: nginx, rewrite: namedUpstreams },
  { name: "scripts in a function", applies: /\.sh$/, rewrite: inFunction },
  { name: "the Compose file in a variable", applies: /\.sh$/, rewrite: fileInVariable },
  { name: "os.getenv", applies: python, rewrite: text => text.replaceAll("os.environ.get(", "os.getenv(") },
  {
    name: "process.env in brackets",
    applies: javascript,
    // What a bundler fills in it knows by the dot.
    rewrite: text =>
      text.replace(
        /\bprocess\.env\.(?!NODE_ENV|NEXT_PUBLIC_|REACT_APP_|VITE_)([A-Z]\w*)\b/g,
        'process.env["$1"]',
      ),
  },
  {
    name: "instructions in small letters",
    applies: dockerfile,
    rewrite: lines(line =>
      line.replace(instruction, (_, blank: string, word: string) => blank + word.toLowerCase()),
    ),
  },
  {
    name: "a line for each command of RUN",
    applies: dockerfile,
    rewrite: lines(line =>
      /^RUN [^"'`$()\\]*[^\\]$/.test(line) ? line.replaceAll(" && ", " \\\n    && ") : line,
    ),
  },
  {
    name: "exec form without blanks",
    applies: dockerfile,
    rewrite: lines(line =>
      /^(?:CMD|ENTRYPOINT) \[("[^"\\]*", )*"[^"\\]*"\]$/.test(line) ? line.replaceAll('", "', '","') : line,
    ),
  },
  {
    name: "comments between instructions",
    applies: dockerfile,
    rewrite: text =>
      /<</.test(text)
        ? text
        : text.replace(
            /(?<!\\[ \t]*\n)^(?=(?:RUN|COPY|CMD|ENTRYPOINT|ENV|WORKDIR|USER|EXPOSE) )/gm,
            "\n# The next step.\n",
          ),
  },
  {
    name: "tabs before directives",
    applies: nginx,
    rewrite: text => text.replace(/^ +/gm, blanks => "\t".repeat(Math.ceil(blanks.length / 4))),
  },
  {
    name: "braces in lines of their own",
    applies: nginx,
    rewrite: text => text.replace(/^([^'"#{}\n]*\S) \{$/gm, "$1\n{"),
  },
  {
    name: "variables in braces",
    applies: /\.sh$/,
    rewrite: lines(line => (/['\\#]/.test(line) ? line : line.replace(/\$([A-Za-z_]\w*)/g, "$${$1}"))),
  },
  {
    name: "double quotes in Python",
    applies: python,
    rewrite: text => (text.includes('"""') || text.includes("'''") ? text : otherQuotes(text)),
  },
  { name: "double quotes in JavaScript", applies: javascript, rewrite: otherQuotes },
  {
    name: "line ends of Windows",
    applies: /(?:\.ya?ml|\.py|\.[cm]?[jt]sx?|\.conf|dockerfile)$/i,
    rewrite: text => text.replace(/\r?\n/g, "\r\n"),
  },
];
