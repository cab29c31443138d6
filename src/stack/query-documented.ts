import { type EnvFile, envFileRole } from "../artifacts/env-file.ts";
import { isVendored } from "../artifacts/project-files.ts";
import type { Location } from "../core/source.ts";
import { ambient } from "./query-ambient.ts";
import { componentReads } from "./query-environment.ts";
import type { Stack } from "./stack.ts";

/** Questions about the variables that an example file documents. */

/** Read by the libraries of services on the internet, without a word in the program. */
const libraries =
  /^(?:OPENAI|ANTHROPIC|LANGCHAIN|LANGSMITH|CLOUDINARY|STRIPE|TWILIO|SENDGRID|MAILGUN|RESEND|GROQ|COHERE|MISTRAL|GEMINI|PINECONE|SUPABASE|CLERK|BETTER_AUTH|MINIO|MONGO|RABBITMQ|REDIS|MARIADB|KC|GF|PGADMIN|CERTBOT|ACME|NGINX|CLOUDFLARE|CF|TUNNEL|FIREBASE|FIRESTORE|VERCEL|NETLIFY|EXPO|STORYBOOK|TURBO|HUSKY|ESLINT|JEST|VITEST|PLAYWRIGHT|CYPRESS|SKIP|npm_config)_|^(?:DATABASE_URL|DIRECT_URL|SHADOW_DATABASE_URL|REDIS_URL|CI|VITE_HMR\w*)$/;

export interface DocumentedUnread {
  readonly file: EnvFile;
  readonly unread: readonly {
    readonly name: string;
    readonly at: Location;
    /** From the name to the end of the value. */
    readonly whole: Location;
  }[];
}

/**
 * The variables of committed example files whose names stand nowhere but in examples and texts for people. Nothing
 * where a program reads what it is not known to read: all variables at once, or in a language that is not followed.
 */
export function documentedUnread(stack: Stack): DocumentedUnread[] {
  const examples = stack.envFiles.filter(
    ({ file, role }) => role === "example" && stack.files.tracked(file) !== false && !isVendored(file),
  );
  // Counted before anything is read: most of the cost is the reading.
  if (stack.files.paths.length > mostFiles * 3 || examples.length === 0 || stack.components.length === 0)
    return [];
  if (readsAsWhole(stack)) return [];
  const all = stack.components.map(component => componentReads(stack, component));
  if (all.some(reads => !reads.complete || reads.wildcards.some(each => each.prefix === undefined)))
    return [];
  const prefixes = all.flatMap(reads => reads.wildcards.flatMap(each => each.prefix ?? []));
  const isOpen = (name: string) =>
    !all.some(reads => reads.names.has(name)) &&
    !ambient.test(name) &&
    !libraries.test(name) &&
    !name.includes("__") &&
    !prefixes.some(prefix => name.startsWith(prefix));
  const names = new Set(
    examples.flatMap(({ entries }) => entries.map(entry => entry.name.value)).filter(isOpen),
  );
  const unread = unmentioned(stack, names);
  return examples.flatMap(file => {
    const here = file.entries.filter(entry => unread.has(entry.name.value));
    // A form whose most lines nobody reads belongs to a program that is not here.
    if (here.length === 0 || here.length * 2 > file.entries.length) return [];
    const unreadHere = here.map(({ name, value }) => {
      const span = { start: name.at.span.start, end: Math.max(name.at.span.end, value.at.span.end) };
      return { name: name.value, at: name.at, whole: { file: name.at.file, span } };
    });
    return [{ file, unread: unreadHere }];
  });
}

/** A service gets an env file as a whole and may be any program: an image that nothing here builds. */
function readsAsWhole(stack: Stack): boolean {
  return stack.services.some(
    service => service.envFiles.length > 0 && !service.component && service.facts?.kind === undefined,
  );
}

const forPeople =
  /\.(?:md|mdx|rst|txt|adoc|html?|svg|csv|lock|map|snap|png|jpe?g|gif|ico|woff2?|pdf|po|sql)$|(?:^|\/)(?:docs?|LICENSE[^/]*|CHANGELOG[^/]*)(?:\/|$)|(?:package-lock|pnpm-lock|uv\.lock|yarn\.lock)/i;
/** Reading every text is dear, for a hint of low weight: only small repositories are searched. */
const mostFiles = 300;
const largest = 400_000;

/** Those names that stand in no text of the repository but env files and texts for people, in whatever case. */
function unmentioned(stack: Stack, names: ReadonlySet<string>): ReadonlySet<string> {
  const left = new Map([...names].map(name => [name.toLowerCase(), name]));
  const paths = stack.files.paths.filter(path => !forPeople.test(path) && !isVendored(path));
  if (paths.length > mostFiles) return new Set();
  for (const path of paths) {
    if (left.size === 0) break;
    if (stack.kinds.get(path) === "env-file" || (envFileRole(path) !== "unknown" && /env/i.test(path)))
      continue;
    const read = stack.files.read(path);
    if (!("source" in read) || read.source.text.length > largest) continue;
    const text = read.source.text.toLowerCase();
    for (const name of [...left.keys()]) if (text.includes(name)) left.delete(name);
  }
  return new Set(left.values());
}
