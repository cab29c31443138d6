import type { Location, Source } from "../core/source.ts";
import { parseJavascript } from "../formats/javascript.ts";
import {
  callsIn,
  everyJsStatement,
  type JsCall,
  type JsModule,
  type JsStatement,
  type JsValue,
  jsPath,
} from "../formats/javascript-tree.ts";
import { evaluateJs, jsScope } from "./javascript-values.ts";
import { type SettingValue, settingValue, type Value } from "./value.ts";

/** Where a program in Node.js listens: `app.listen(3000)`, `server.listen({ port, host })`. */
export interface NodeListen {
  readonly port?: SettingValue;
  /** Absent where none is given: Node.js then listens on every address. */
  readonly host?: SettingValue;
  readonly at: Location;
}

/** Every server that a file lets listen, also inside functions. */
export function nodeListens(source: Source): NodeListen[] {
  if (!source.text.includes(".listen(")) return [];
  const { model } = parseJavascript(source);
  const scope = jsScope(model);
  return callsOf(model)
    .filter(call =>
      /^(?:[\w$]+\.)*[\w$]*(?:app|server|http|fastify|koa|api)\.listen$/i.test(jsPath(call.callee) ?? ""),
    )
    .map(call => listenOf(call, value => evaluateJs(value, scope)));
}

/** What a call of `listen` is given: a port and a host, or an object with both. */
export function listenOf(call: JsCall, evaluate: (value: JsValue) => Value): NodeListen {
  const [first, second] = call.args;
  if (first?.kind === "object") {
    const port = first.entries.find(entry => entry.key === "port")?.value;
    const host = first.entries.find(entry => entry.key === "host")?.value;
    return {
      ...(port && { port: settingValue(evaluate(port)) }),
      ...(host && { host: settingValue(evaluate(host)) }),
      at: call.at,
    };
  }
  const host = second && second.kind !== "function" ? settingValue(evaluate(second)) : undefined;
  const hosted = host && (host.kind !== "literal" || typeof host.value === "string") ? { host } : {};
  return {
    ...(first && first.kind !== "function" && { port: settingValue(evaluate(first)) }),
    ...hosted,
    at: call.at,
  };
}

/** Every call of a file, in order. */
export function callsOf(model: JsModule): readonly JsCall[] {
  return [...everyJsStatement(model.body)].flatMap(statement =>
    valuesOf(statement).flatMap(value => [...callsIn(value)]),
  );
}

function valuesOf(statement: JsStatement): readonly JsValue[] {
  if (statement.kind === "expression" || statement.kind === "default") return [statement.value];
  return (statement.kind === "variable" || statement.kind === "return") && statement.value
    ? [statement.value]
    : [];
}
