import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { assignmentAt, importModule } from "../formats/python-edit.ts";
import type { LoopbackUse } from "../stack/query-connections.ts";
import { componentReads } from "../stack/query-environment.ts";
import { shareNetwork } from "../stack/query-upstreams.ts";
import type { Service, Stack } from "../stack/stack.ts";
import { redisLogin } from "./backup-logins.ts";
import { giveToAll } from "./django-settings.ts";

const name = "REDIS_ADDRESS";

/**
 * Lets settings in Python read where Redis is, in place of a loopback address that is fixed in them; a workstation keeps
 * that one. The address goes to all `services`, which run the same settings. Undefined where an address has another
 * form, where the way into the store is not known, and where only some of the addresses could be changed.
 */
export function readStoreAddress(
  stack: Stack,
  services: readonly Service[],
  uses: readonly LoopbackUse[],
  store: Service,
): Fix | undefined {
  const login = passwordOf(stack, store);
  if (login === undefined || services.some(each => !each.component || !shareNetwork(each, store)))
    return undefined;
  // The name has another meaning here.
  if (services.some(each => componentReads(stack, each.component!).names.has(name))) return undefined;
  const given = giveToAll(
    stack,
    services,
    { name, example: "redis://redis:6379", says: "where Redis is, without the number of a database" },
    `redis://${login}${store.name}:6379`,
  );
  const edits: Edit[] = [];
  for (const file of new Set(uses.map(use => use.at.file))) {
    const source = sourceOf(stack, file);
    const imports = source && file.endsWith(".py") ? importModule(source, "os") : undefined;
    if (!imports) return undefined;
    edits.push(...imports);
  }
  for (const use of uses) {
    const edit = addressEdit(stack, use);
    if (!edit) return undefined;
    edits.push(edit);
  }
  return given
    ? {
        title: `Let the settings read where ${store.name} is`,
        grade: "needs-testing",
        edits: [...edits, ...given],
        test: `Start it, and use what ${store.name} is for: the cache, the queue, the channels.`,
      }
    : undefined;
}

/** A text that is an address as a whole, or the pair of host and port that a channel layer takes. */
function addressEdit(stack: Stack, { protocol, at }: LoopbackUse): Edit | undefined {
  const source = sourceOf(stack, at.file);
  const text = source?.text.slice(at.span.start, at.span.end) ?? "";
  if (!source || protocol !== "redis") return undefined;
  const url = /^(["'])redis:\/\/((?:localhost|127\.0\.0\.1):6379)(\/\d+)?\1$/.exec(text);
  if (url) {
    const read = `os.environ.get("${name}", "redis://${url[2]}")`;
    return { at, text: url[3] === undefined ? read : `${read} + "${url[3]}"` };
  }
  const pair = /^\(\s*["'](localhost|127\.0\.0\.1)["']\s*,\s*6379\s*,?\s*\)$/.exec(text);
  const layers = assignmentAt(source, at)?.targets.some(
    target => target.kind === "name" && target.name === "CHANNEL_LAYERS",
  );
  return pair && layers ? { at, text: `os.environ.get("${name}", "redis://${pair[1]}:6379")` } : undefined;
}

/** `:PASSWORD@` as Compose fills it in, "" where none is asked for; undefined where it cannot be told. */
function passwordOf(stack: Stack, store: Service): string | undefined {
  const command = store.command?.text ?? "";
  const variable = /--requirepass ["']?\$\$?\{?(\w+)\}?["']?(?=\s|$)/.exec(command)?.[1];
  const raw =
    variable === undefined ? undefined : store.environment.find(each => each.name === variable)?.value?.raw;
  if (variable !== undefined && store.command?.words.some(word => word.value === "-c"))
    return raw === undefined ? undefined : `:${raw}@`;
  const login = redisLogin(stack, store);
  return login && (login.raw === undefined ? "" : `:${login.raw}@`);
}
