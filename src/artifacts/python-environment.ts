import { keyword, type PyCall, type PyValue } from "../formats/python-tree.ts";
import { databaseFromUrl, pythonInt } from "./python-methods.ts";
import { type EnvReader, originOf, type PyScope } from "./python-scope.ts";
import { type Cast, type Concrete, derived, envValue, type Value } from "./value.ts";

type Evaluate = (value: PyValue) => Value;

/** A call that reads the environment, in any of the ways that Python projects use; undefined for other calls. */
export function environmentRead(call: PyCall, scope: PyScope, evaluate: Evaluate): Value | undefined {
  const origin = originOf(call.callee, scope);
  if (origin === undefined) return undefined;
  if (origin === "os.getenv" || origin === "os.environ.get" || origin === "os.environ.pop") {
    return plainRead(call, evaluate);
  }
  if (origin === "os.environ.setdefault") return plainRead(call, evaluate);
  if (origin === "dj_database_url.config") {
    const name = literalText(keyword(call, "env") ?? call.args[0], evaluate) ?? "DATABASE_URL";
    return convert(envValue([name], call.at, { fallback: fallbackOf(call, 1, evaluate) }), "url", call);
  }
  const [first, method] = origin.split(".");
  const reader = origin === "decouple.config" ? decouple : scope.readers.get(first ?? "");
  if (!reader) return undefined;
  return readerCall(call, reader, origin === "decouple.config" ? undefined : method, evaluate);
}

const decouple: EnvReader = { library: "decouple", prefix: "", scheme: new Map() };

/** The reader that `env = environ.Env(DEBUG=(bool, False))` binds; undefined for other calls. */
export function environmentReader(call: PyCall, scope: PyScope, evaluate: Evaluate): EnvReader | undefined {
  const origin = originOf(call.callee, scope);
  if (origin === "decouple.AutoConfig" || origin === "decouple.Config") return decouple;
  const library = origin === "environs.Env" ? "environs" : "environ";
  if (library === "environ" && origin !== "environ.Env" && origin !== "environ.FileAwareEnv")
    return undefined;
  const scheme = new Map<string, { cast: string; fallback?: Value }>();
  for (const each of call.kwargs) {
    if (each.value.kind === "name") scheme.set(each.name, { cast: each.value.name });
    if (each.value.kind !== "list") continue;
    const [cast, fallback] = each.value.items;
    const name = cast?.kind === "name" ? cast.name : "other";
    scheme.set(each.name, { cast: name, ...(fallback && { fallback: evaluate(fallback) }) });
  }
  return { library, prefix: "", scheme };
}

function literalText(value: PyValue | undefined, evaluate: Evaluate): string | undefined {
  if (!value) return undefined;
  const known = evaluate(value);
  return known.kind === "literal" && typeof known.value === "string" ? known.value : undefined;
}

function fallbackOf(call: PyCall, position: number, evaluate: Evaluate): Value | undefined {
  const given = keyword(call, "default") ?? call.args[position];
  return given && evaluate(given);
}

function plainRead(call: PyCall, evaluate: Evaluate): Value | undefined {
  const name = literalText(call.args[0] ?? keyword(call, "key"), evaluate);
  return name === undefined
    ? undefined
    : envValue([name], call.at, { fallback: fallbackOf(call, 1, evaluate) });
}

/** Methods of env readers by what they give. */
const methods: Readonly<Record<string, Cast>> = {
  str: "string",
  unicode: "string",
  bytes: "string",
  bool: "bool",
  int: "int",
  float: "int",
  list: "list",
  tuple: "list",
  json: "json",
  dict: "json",
  url: "string",
  path: "string",
  db: "url",
  db_url: "url",
  dj_db_url: "url",
  cache: "other",
  cache_url: "other",
  dj_cache_url: "other",
  email_url: "other",
  email: "other",
  search_url: "other",
  channels: "other",
  timedelta: "other",
  get_value: "string",
};

const defaultNames: Readonly<Record<string, string>> = {
  db: "DATABASE_URL",
  db_url: "DATABASE_URL",
  cache: "CACHE_URL",
  cache_url: "CACHE_URL",
  email_url: "EMAIL_URL",
  email: "EMAIL_URL",
};

const castNames: Readonly<Record<string, Cast>> = {
  bool: "bool",
  int: "int",
  float: "int",
  str: "string",
  list: "list",
  tuple: "list",
  Csv: "list",
  strtobool: "bool",
};

function readerCall(
  call: PyCall,
  reader: EnvReader,
  method: string | undefined,
  evaluate: Evaluate,
): Value | undefined {
  if (method !== undefined && !(method in methods)) return undefined;
  const given = literalText(call.args[0] ?? keyword(call, "var"), evaluate);
  const name = given ?? (call.args.length === 0 && method ? defaultNames[method] : undefined);
  if (name === undefined) return undefined;
  const declared = method === undefined ? reader.scheme.get(name) : undefined;
  // The second positional argument is the default, except in django-environ, where it is the cast.
  const position = reader.library === "environ" && method === undefined ? 2 : 1;
  const fallback = fallbackOf(call, position, evaluate) ?? declared?.fallback;
  const raw = envValue([reader.prefix + name], call.at, { fallback, required: true });
  return convert(raw, castFor(call, reader, method, declared?.cast), call);
}

function castFor(
  call: PyCall,
  reader: EnvReader,
  method: string | undefined,
  declared: string | undefined,
): Cast {
  if (method !== undefined) return methods[method] ?? "other";
  const cast = keyword(call, "cast") ?? (reader.library === "environ" ? call.args[1] : call.args[2]);
  if (!cast) return declared === undefined ? "string" : (castNames[declared] ?? "other");
  const name = cast.kind === "call" ? cast.callee : cast;
  if (name.kind === "list") return "list";
  const text = name.kind === "name" || name.kind === "attribute" ? name.name : "";
  return castNames[text] ?? "other";
}

const truthy = new Set(["true", "on", "ok", "y", "yes", "1", "t"]);

/** A default that is no text is used as it is. */
function convert(raw: Value, cast: Cast, call: PyCall): Value {
  if (cast === "string") return raw;
  return derived(
    [raw],
    call.at,
    ([value]) => (typeof value === "string" ? castText(value, cast) : value),
    cast,
  );
}

function castText(text: string, cast: Cast): Concrete | undefined {
  switch (cast) {
    case "bool":
      return truthy.has(text.trim().toLowerCase());
    case "int":
      return pythonInt(text);
    case "list":
      return text === "" ? [] : text.split(",").map(each => each.trim());
    case "url":
      return databaseFromUrl(text);
    default:
      return undefined;
  }
}
