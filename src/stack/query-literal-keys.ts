import { ownFiles } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { codeOf } from "./query-code.ts";
import type { Stack } from "./stack.ts";

/** Keys that code signs with, written into the code itself. */

export interface LiteralKey {
  /** What is signed: "tokens", "sessions". */
  readonly signs: string;
  /** False for cookies that often hold no more than a message or the state of a sign-in elsewhere. */
  readonly grave: boolean;
  /** Where the key is used. */
  readonly at: Location;
  /** Where it is written, when that is another place. */
  readonly writtenAt?: Location;
}

/** Longest file that is looked at, in characters: written code is shorter. */
const longest = 200_000;
const mostFiles = 1_500;

const known = new WeakMap<AppComponent, readonly LiteralKey[]>();

/** The literal keys of a component's own code, tests and what others wrote left out. */
export function literalKeys(stack: Pick<Stack, "files">, component: AppComponent): readonly LiteralKey[] {
  const before = known.get(component);
  if (before) return before;
  const keys: LiteralKey[] = [];
  let left = mostFiles;
  for (const path of codeOf(component)) {
    const language = languages.find(each => each.files.test(path));
    if (!language || aside.test(path) || left-- <= 0) continue;
    const read = stack.files.read(path);
    if (!("source" in read) || read.source.text.length > longest || !language.mark.test(read.source.text))
      continue;
    if (isTool(stack, component, path, read.source.text)) continue;
    keys.push(
      ...language.uses.flatMap(use => {
        const found = usesIn(read.source, use);
        return found.length === 0 || !use.usedBy || isUsed(stack, component, language, use.usedBy)
          ? found
          : [];
      }),
    );
  }
  known.set(component, keys);
  return keys;
}

const servers = /^(?:main|app|server|wsgi|asgi|run|manage|index|application|api|web|__\w+__)$/;
const starting =
  /(?:^|\/)(?:Dockerfile[^/]*|Procfile|Makefile|[Jj]ustfile)$|\.(?:py|sh|ya?ml|toml|cfg|ini|conf|json|dockerfile)$/;

/** A Python program with a page of its own, started by hand: nothing else of the repository names it. */
function isTool(stack: Pick<Stack, "files">, component: AppComponent, path: string, text: string): boolean {
  const stem = basename(path).replace(/\.py$/, "");
  if (!path.endsWith(".py") || servers.test(stem) || !/^if __name__ == ["']__main__["']/m.test(text))
    return false;
  const name = new RegExp(`(?<![\\w])${stem}(?![\\w])`);
  return !ownFiles(stack.files, component.dir).some(other => {
    if (other === path || !starting.test(other)) return false;
    const read = stack.files.read(other);
    return "source" in read && read.source.text.length <= longest && name.test(read.source.text);
  });
}

function isUsed(
  stack: Pick<Stack, "files">,
  component: AppComponent,
  { files }: Language,
  words: RegExp,
): boolean {
  return codeOf(component).some(path => {
    if (!files.test(path) || aside.test(path)) return false;
    const read = stack.files.read(path);
    return "source" in read && read.source.text.length <= longest && words.test(read.source.text);
  });
}

/** Not what serves: seeds, tools, examples. */
const aside =
  /(?:^|\/)(?:scripts?|tools?|seeds?|seeders?|examples?|docs?|migrations?|mocks?|bench\w*)\/|(?:seed|mock|example|\.d)\.\w+$/i;

interface Use {
  readonly signs: string;
  readonly grave?: boolean;
  /** Ends just before the key: a literal, or a name that the file gives a literal. */
  readonly before: RegExp;
  /** The key is this argument of the call that `before` opens, from 0. */
  readonly argument?: number;
  /** Words that the file has to have besides. */
  readonly needs?: RegExp;
  /** Words of which the code has some wherever the key is used: many set one that signs nothing. */
  readonly usedBy?: RegExp;
}

interface Language {
  readonly files: RegExp;
  /** The cheapest question: without one of these words nothing is signed here. */
  readonly mark: RegExp;
  readonly uses: readonly Use[];
}

const sessions = /express-session|cookie-session|koa-session|@fastify\/(?:secure-)?session/;

const flaskUse =
  /\bsession\s*[[.]|\bimport\b[^\n]*\bsession\b|\bflash\(|\bflask[._](?:login|wtf|jwt\w*|session|security\w*|admin|dance|user|httpauth|seasurf|oidc|appbuilder|oauthlib|debugtoolbar|principal)\b|itsdangerous|authlib|\bCSRF|\bjwt\b|SECRET_KEY["']\](?!\s*=(?!=))|\.secret_key\b(?!\s*=(?!=))/i;

const languages: readonly Language[] = [
  {
    files: /\.[cm]?[jt]s$/,
    mark: /jsonwebtoken|jwt|session/i,
    uses: [
      {
        signs: "tokens",
        before: /\b(?:jwt|jsonwebtoken|JWT)\.(?:sign|verify)\(/g,
        argument: 1,
        needs: /jsonwebtoken/,
      },
      { signs: "tokens", before: /\bsecretOrKey\s*:\s*/g, needs: /passport-jwt/ },
      { signs: "tokens", before: /\bJwtModule\.register\(\s*\{[^{}]{0,200}?\bsecret\s*:\s*/g },
      {
        signs: "tokens",
        before:
          /\bregister\(\s*(?:fastifyJwt|jwt|require\(["']@?fastify[/-]jwt["']\))\s*,\s*\{[^{}]{0,200}?\bsecret\s*:\s*/g,
      },
      {
        signs: "sessions",
        before: /\b(?:cookieSession|secureSession)\(\s*\{[^{}]{0,200}?\b(?:keys\s*:\s*\[\s*|secret\s*:\s*)/g,
        needs: sessions,
      },
    ],
  },
  {
    files: /\.py$/,
    mark: /jwt\.|secret_key/i,
    uses: [
      {
        signs: "tokens",
        before: /\bjwt\.(?:encode|decode)\(/g,
        argument: 1,
        needs: /^[ \t]*(?:import jwt|from jose|import jose|from jwt)/m,
      },
      { signs: "sessions", before: /^[ \t]*app\.secret_key\s*=\s*/gm, needs: /Flask\(/, usedBy: flaskUse },
      {
        signs: "sessions",
        before: /^[ \t]*app\.config\[["'](?:SECRET_KEY|JWT_SECRET_KEY)["']\]\s*=\s*/gm,
        needs: /Flask\(/,
        usedBy: flaskUse,
      },
      { signs: "sessions", grave: false, before: /\bSessionMiddleware\s*,\s*secret_key\s*=\s*/g },
    ],
  },
  {
    files: /\.go$/,
    mark: /golang-jwt|jwt-go|gorilla\/sessions|gin-contrib\/sessions/,
    uses: [
      { signs: "tokens", before: /\.SignedString\(\s*(?:\[\]byte\(\s*)?/g },
      {
        signs: "sessions",
        grave: false,
        before: /\b(?:sessions\.NewCookieStore|cookie\.NewStore)\(\s*(?:\[\]byte\(\s*)?/g,
      },
    ],
  },
  {
    files: /\.(?:java|kt)$/,
    mark: /\bJwts\b|com\.auth0\.jwt/,
    uses: [
      { signs: "tokens", before: /\bsignWith\(\s*SignatureAlgorithm\.\w+\s*,\s*/g },
      { signs: "tokens", before: /\bhmacShaKeyFor\(\s*(?:Decoders\.\w+\.decode\(\s*)?/g },
      { signs: "tokens", before: /\bAlgorithm\.HMAC\d+\(\s*/g },
    ],
  },
  {
    files: /\.cs$/,
    mark: /SymmetricSecurityKey/,
    uses: [
      {
        signs: "tokens",
        before: /\bnew SymmetricSecurityKey\(\s*(?:System\.Text\.)?Encoding\.\w+\.GetBytes\(\s*/g,
      },
    ],
  },
  {
    files: /\.php$/,
    mark: /Firebase\\JWT/,
    uses: [{ signs: "tokens", before: /\bJWT::encode\(/g, argument: 1 }],
  },
];

const literal = /^["'`]([^"'`\n$\\{]{4,200})["'`]/;
/** What people write where a library asks for a key and nothing is signed. */
const unused = /^(?:not|never|un)[-_ ]?used\b|^(?:unused|dummy|ignored)(?:$|[-_ ])/i;
const field = /^[A-Za-z_]\w*\.([A-Za-z_]\w*)(?![\w$(.[])/;
const word = /^\$?[A-Za-z_][\w$]*(?![\w$(.[])/;

function usesIn(source: Source, { signs, grave = true, before, argument, needs }: Use): LiteralKey[] {
  const { text } = source;
  if (needs && !needs.test(text)) return [];
  const found: LiteralKey[] = [];
  for (const match of text.matchAll(before)) {
    if (isComment(text, match.index)) continue;
    const after = match.index + match[0].length;
    const start = argument === undefined ? after : argumentAt(text, after, argument);
    if (start === undefined) continue;
    const rest = text.slice(start, start + 220);
    const own = literal.exec(rest);
    const at = locate(source, match.index, match.index + match[0].trimEnd().length);
    if (own && !unused.test(own[1]!)) found.push({ signs, grave, at });
    const name = own ? undefined : word.exec(rest)?.[0];
    const part =
      own || name !== undefined || !source.path.endsWith(".go") ? undefined : field.exec(rest)?.[1];
    const writtenAt =
      name !== undefined ? declared(source, name) : part !== undefined ? filled(source, part) : undefined;
    if (writtenAt) found.push({ signs, grave, at, writtenAt });
  }
  // One place is enough for each key of a file.
  const keys = new Map(found.map(each => [each.writtenAt?.span.start ?? each.at.span.start, each]));
  return [...keys.values()];
}

function isComment(text: string, index: number): boolean {
  const line = text.slice(text.lastIndexOf("\n", index) + 1, index);
  return /^\s*(?:\/\/|#|\*|\/\*)/.test(line) || /(?:^|\s)\/\/ /.test(line);
}

/** Where a field of a struct in Go gets a literal in this file, the only value that it ever has there. */
function filled({ path, text }: Source, name: string): Location | undefined {
  const given = new RegExp(String.raw`(?<![\w$])${name}\s*(?::(?!=)|=(?!=))\s*(?:\[\]byte\(\s*)?`, "g");
  const [only, ...more] = [...text.matchAll(given)].filter(match => !isComment(text, match.index));
  if (!only || more.length > 0) return undefined;
  const found = literal.exec(text.slice(only.index + only[0].length, only.index + only[0].length + 220));
  return found ? locate({ path, text }, only.index, only.index + name.length) : undefined;
}

/** Where a name gets a literal in this file, the only value that it ever has there. */
function declared({ path, text }: Source, name: string): Location | undefined {
  const escaped = name.replaceAll("$", "\\$");
  const given = new RegExp(String.raw`(?<![\w$.])${escaped}\s*(?::\s*\w+\s*)?(?::=|=(?![=>]))\s*`, "g");
  const places = [...text.matchAll(given)].filter(match => !isComment(text, match.index));
  const [only] = places;
  if (!only || places.length > 1) return undefined;
  const value = text.slice(only.index + only[0].length, only.index + only[0].length + 230);
  const bytes = /^(?:\[\]byte\(\s*)?/.exec(value)![0].length;
  const found = literal.exec(value.slice(bytes));
  // `"a" + rest` and `"a".repeat(2)` are something else, `"a" if debug else x` too.
  if (!found || /^\s*(?:[+.%|?]|if\b|or\b|\|\|)/.test(value.slice(bytes + found[0].length))) return undefined;
  return locate({ path, text }, only.index, only.index + name.length);
}

/** Offset of an argument of the call whose parenthesis ends before `from`; undefined where it cannot be told. */
function argumentAt(text: string, from: number, wanted: number): number | undefined {
  let depth = 0;
  let index = 0;
  let quote = "";
  for (let i = from; i < Math.min(text.length, from + 1_500); i++) {
    const letter = text[i]!;
    if (quote) {
      if (letter === "\\") i++;
      else if (letter === quote) quote = "";
    } else if (/["'`]/.test(letter)) quote = letter;
    else if (/[([{]/.test(letter)) depth++;
    else if (/[)\]}]/.test(letter)) {
      if (depth-- === 0) return undefined;
    } else if (letter === "," && depth === 0 && ++index === wanted) {
      const space = /^\s*(?:key\s*=\s*)?/.exec(text.slice(i + 1))![0].length;
      return i + 1 + space;
    }
  }
  return undefined;
}
