import { ownFiles } from "../artifacts/project-files.ts";
import type { Location, Source } from "../core/source.ts";
import { parseJavascript } from "../formats/javascript.ts";
import { callsIn, everyJsStatement, type JsValue } from "../formats/javascript-tree.ts";
import { parsePython } from "../formats/python.ts";
import { dottedName, everyStatement, type PyFunction, type PyValue } from "../formats/python-tree.ts";
import type { AppComponent } from "./app/detect.ts";

/** Health views that say how a dependency does, and never ask it. */

export interface ClaimedState {
  /** The key that names the dependency. */
  readonly name: string;
  readonly says: string;
  /** Where the value stands. */
  readonly at: Location;
  /** The view's name or path. */
  readonly view: string;
  /** The statement of a Python view, no coroutine, that gives the answer together. */
  readonly statement?: Location;
}

const dependency =
  /^(?:database|db|postgres(?:ql)?|mysql|mongo(?:db)?|redis|cache|queue|broker|celery|rabbitmq|elasticsearch|storage)(?:_?status)?$/i;
const fine =
  /^(?:ok|okay|up|healthy|accessible|connected|reachable|available|online|ready|running|alive|operational)$/i;
const mayClaim =
  /["']?(?:database|db|postgres(?:ql)?|mysql|mongo(?:db)?|redis|cache|queue|broker|celery|rabbitmq|elasticsearch|storage)(?:_?status)?["']?\s*:\s*(?:\{\s*["']?status["']?\s*:\s*)?["'](?:ok|up|healthy|accessible|connected|reachable|available|online|ready|running|alive|operational)/i;
const candidate =
  /(?:health|ready|status|view|url|main|app|api|server|index|route|core|monitor|probe)[^/]*$/i;
const healthName = /health|ready|readiness|liveness|status|ping/i;
const mostFiles = 300;

/** What the health views of a component claim without any call that could find it out. */
export function claimedStates({ kind, dir, files }: AppComponent): ClaimedState[] {
  const python = kind === "django" || kind === "fastapi";
  if (!python && kind !== "express") return [];
  const ending = python ? /\.py$/ : /\.[cm]?[jt]s$/;
  const paths = ownFiles(files, dir).filter(path => ending.test(path) && candidate.test(path));
  const shallow = (path: string) => path.split("/").length;
  return paths
    .toSorted((a, b) => shallow(a) - shallow(b))
    .slice(0, mostFiles)
    .flatMap(path => {
      const source = files.read(path);
      if (!source || !mayClaim.test(source.text)) return [];
      return python ? pythonClaims(source) : scriptClaims(source);
    });
}

function pythonClaims(source: Source): ClaimedState[] {
  const found: ClaimedState[] = [];
  const { body } = parsePython(source).model;
  for (const { statement, inside } of everyStatement(body, { functions: true, classes: true })) {
    if (statement.kind !== "function" || ![...inside, statement.name].some(name => healthName.test(name)))
      continue;
    if (!isView(statement)) continue;
    const text = source.text.slice(statement.at.span.start, statement.at.span.end);
    // What decorators check stands in `Depends`; otherwise they only describe the view.
    const around = statement.decorators.map(({ at }) => source.text.slice(at.span.start, at.span.end));
    const plain = text.replace(pythonStrings, '""');
    if (/\bDepends\b/.test(around.join(" ")) || !isConstant(plain.slice(plain.search(/\bdef /)))) continue;
    for (const inner of everyStatement(statement.body, {}))
      for (const claim of "value" in inner.statement ? claimsOf(inner.statement.value) : [])
        found.push({
          ...claim,
          view: statement.name,
          ...(/\basync def /.test(plain) ? {} : { statement: inner.statement.at }),
        });
  }
  return found;
}

/** Answers requests: what it returns is what the caller reads. */
function isView({ params, decorators }: PyFunction): boolean {
  const names = params.map(param => param.name);
  if (names[0] === "request" || (names[0] === "self" && names[1] === "request")) return true;
  return decorators.some(
    each => each.kind === "call" && /\.(?:get|route|api_route)$/.test(dottedName(each.callee) ?? ""),
  );
}

type Claim = Omit<ClaimedState, "view">;

function claimsOf(value: PyValue | undefined): Claim[] {
  if (!value) return [];
  if (value.kind === "call")
    return [...value.args, ...value.kwargs.map(each => each.value)].flatMap(claimsOf);
  if (value.kind !== "dict") return [];
  return value.entries.flatMap(({ key, value: one }) => {
    const name = key?.kind === "string" ? key.value : "";
    if (!dependency.test(name)) return claimsOf(one);
    const status =
      one.kind === "dict"
        ? one.entries.find(each => each.key?.kind === "string" && each.key.value === "status")?.value
        : one;
    return status?.kind === "string" && fine.test(status.value)
      ? [{ name, says: status.value, at: status.at }]
      : [];
  });
}

function scriptClaims(source: Source): ClaimedState[] {
  const found: ClaimedState[] = [];
  for (const statement of everyJsStatement(parseJavascript(source).model.body)) {
    if (statement.kind !== "expression") continue;
    for (const call of callsIn(statement.value)) {
      const [path, handler] = call.args;
      if (call.callee.kind !== "member" || call.callee.name !== "get" || call.args.length !== 2) continue;
      if (path?.kind !== "string" || !healthName.test(path.value) || handler?.kind !== "function") continue;
      const text = source.text.slice(handler.at.span.start, handler.at.span.end);
      if (!isConstant(text.replace(scriptStrings, '""'))) continue;
      for (const inner of everyJsStatement(handler.body))
        for (const claim of "value" in inner && inner.kind !== "function" ? scriptClaimsOf(inner.value) : [])
          found.push({ ...claim, view: path.value });
    }
  }
  return found;
}

function scriptClaimsOf(value: JsValue | undefined): Claim[] {
  if (!value) return [];
  if (value.kind === "call") return value.args.flatMap(scriptClaimsOf);
  if (value.kind !== "object") return [];
  return value.entries.flatMap(({ key = "", value: one }) => {
    if (!dependency.test(key)) return scriptClaimsOf(one);
    const status = one.kind === "object" ? one.entries.find(each => each.key === "status")?.value : one;
    return status?.kind === "string" && fine.test(status.value)
      ? [{ name: key, says: status.value, at: status.at }]
      : [];
  });
}

const pythonStrings = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*/g;
const scriptStrings = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** Calls that ask nobody. */
const quiet =
  /^(?:def \w+|if|elif|return|not|and|or|in|except|catch|function|async|while|for|else|switch|(?:\w+\.)*(?:Response|JsonResponse|HttpResponse|JSONResponse|ORJSONResponse|jsonify)|(?:timezone|datetime|datetime\.datetime|dt|date|django\.utils\.timezone|time|Date|process|platform|socket|sys|performance)\.\w+|(?:\w+\.)*(?:isoformat|toISOString|strftime|toString|toFixed|lower|split|strip)|str|len|dict|int|float|round|getattr|hasattr|os\.getenv|(?:\w+\.)*(?:environ|META|headers|query_params)\.get|(?:logger|logging|console|log|self\.logger)\.\w+|(?:res|response|reply)\.(?:json|status|send|type|set|setHeader|header)|new Date|Date)$/;
const callee = /((?:\b(?:def|new) )?[\w$]+(?:\.[\w$]+)*|\)\.[\w$]+)\s*\(/g;

/** Nothing in the text of a view can find out how another service does. */
function isConstant(text: string): boolean {
  if (/\bawait\b|\bDepends\b|\bwith\b|\byield\b|`/.test(text)) return false;
  for (const found of text.matchAll(callee)) {
    const name = found[1]!.replace(/^\)\./, "");
    // A call on what another call gave: `res.status(200).json(...)`, `now().isoformat()`.
    const chained =
      found[1]!.startsWith(")") && /^(?:json|send|isoformat|strftime|toISOString|end|lower|set)$/.test(name);
    if (!chained && !quiet.test(name)) return false;
  }
  return true;
}
