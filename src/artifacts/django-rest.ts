import { dottedName, everyStatement, keyword, type PyCall } from "../formats/python-tree.ts";
import { definitionOf, textArgument, type UrlModule, unknownRoute } from "./django-urls.ts";
import { type RouteNode, takeText } from "./route-tree.ts";

const knownRouters = new Set(["DefaultRouter", "SimpleRouter"]);

/** The routes of a Django REST framework router: its registrations, here or through `registry.extend`. */
export function registeredRoutes(module: UrlModule, name: string, made: PyCall): readonly RouteNode[] {
  const maker = dottedName(made.callee)?.split(".").at(-1) ?? "";
  if (!knownRouters.has(maker)) return [unknownRoute(made.at, "")];
  const trailing = keyword(made, "trailing_slash");
  const slash = trailing?.kind === "bool" && !trailing.value ? "" : "/";
  const nodes: RouteNode[] = [];
  if (maker === "DefaultRouter") nodes.push({ take: takeText(""), pattern: "", leaf: "yes", at: made.at });
  for (const { statement } of everyStatement(module.model.body)) {
    if (statement.kind === "block" && statement.form === "for") nodes.push(unknownRoute(statement.at, ""));
    if (statement.kind !== "expression" || statement.value.kind !== "call") continue;
    const call = statement.value;
    const callee = dottedName(call.callee);
    if (callee === `${name}.register`) nodes.push(...registration(module, call, slash));
    else if (callee === `${name}.registry.extend`) nodes.push(...extended(module, call));
  }
  return nodes;
}

function registration(module: UrlModule, call: PyCall, slash: string): readonly RouteNode[] {
  const prefix = textArgument(module, call.args[0] ?? keyword(call, "prefix"));
  if (prefix === undefined || /[\\^(<[{?*+]/.test(prefix)) return [unknownRoute(call.at, "")];
  const list = prefix === "" ? "" : `${prefix}${slash}`;
  // Whether a list view exists, and which actions, is the view set's business.
  return [
    { take: takeText(list), pattern: list, leaf: "yes", at: call.at },
    unknownRoute(call.at, list, takeText(prefix === "" ? "" : `${prefix}/`)),
  ];
}

function extended(module: UrlModule, call: PyCall): readonly RouteNode[] {
  const other = call.args[0];
  const name =
    other?.kind === "attribute" && other.name === "registry" ? dottedName(other.object) : undefined;
  const found = name === undefined ? undefined : definitionOf(module, name);
  if (found?.value.kind !== "call") return [unknownRoute(call.at, "")];
  const { value } = found;
  const children = () => registeredRoutes(found.module, found.name, value);
  return [{ take: rest => rest, pattern: "", leaf: "none", children, at: call.at }];
}
