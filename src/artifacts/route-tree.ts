import type { Location } from "../core/source.ts";

/** What a program says to a request for a path, as far as its source tells. */
export interface RouteAnswer {
  readonly answer: "yes" | "no" | "unknown" | "redirect";
  readonly at?: Location;
  readonly because: string;
}

/** How a node reads the front of a path: what is left, or undefined when it does not fit. */
export type Take = (rest: string) => string | undefined;

/** A route, or a prefix with routes below it. Children are found only when a path reaches them. */
export interface RouteNode {
  readonly take: Take;
  /** As written, for people: `/api/users/<int:pk>`. */
  readonly pattern: string;
  /** Ends a path. A leaf that cannot be read answers `unknown` for what it takes. */
  readonly leaf: "yes" | "unknown" | "redirect" | "none";
  readonly children?: () => readonly RouteNode[];
  /** Absent: every method that the framework allows. */
  readonly methods?: readonly string[];
  readonly at: Location;
}

const deepest = 12;
const mostSteps = 3_000;

/** Depth first, in the order of the file, as routers do. An `unknown` on the way hides a later `no`, not a `yes`. */
export function matchRoutes(nodes: readonly RouteNode[], path: string): RouteAnswer {
  let steps = 0;
  let doubt: RouteAnswer | undefined;
  const walk = (
    level: readonly RouteNode[],
    rest: string,
    before: string,
    depth: number,
  ): RouteAnswer | undefined => {
    for (const node of level) {
      if (++steps > mostSteps || depth > deepest) {
        doubt ??= { answer: "unknown", because: "there are too many routes to follow" };
        return undefined;
      }
      const left = node.take(rest);
      if (left === undefined) continue;
      if (node.leaf === "unknown") {
        doubt ??= {
          answer: "unknown",
          at: node.at,
          because: `${before}${node.pattern || "an include"} may serve it; what it holds is not known`,
        };
        continue;
      }
      if (node.leaf !== "none") {
        if (left !== "") continue;
        const shown = before + node.pattern || "/";
        return { answer: node.leaf, at: node.at, because: `the route ${shown} answers it` };
      }
      const below = node.children && walk(node.children(), left, before + node.pattern, depth + 1);
      if (below) return below;
    }
    return undefined;
  };
  return walk(nodes, path, "", 0) ?? doubt ?? { answer: "no", because: `no route answers ${path}` };
}

/** A route as a list shows it. */
export interface ListedRoute {
  readonly pattern: string;
  /** True when more may lie below it that is not known. */
  readonly prefix: boolean;
  readonly methods?: readonly string[];
  readonly at: Location;
}

/** All routes that can be read, at most `limit`. */
export function listRoutes(nodes: readonly RouteNode[], limit = 2_000): readonly ListedRoute[] {
  const listed: ListedRoute[] = [];
  const walk = (level: readonly RouteNode[], before: string, depth: number): void => {
    for (const node of level) {
      if (listed.length >= limit || depth > deepest) return;
      const pattern = before + node.pattern;
      if (node.leaf === "none") walk(node.children?.() ?? [], pattern, depth + 1);
      else {
        const methods = node.methods && { methods: node.methods };
        listed.push({ pattern, prefix: node.leaf === "unknown", ...methods, at: node.at });
      }
    }
  };
  walk(nodes, "", 0);
  return listed;
}

/** Takes exactly this text. */
export function takeText(text: string): Take {
  return rest => (rest.startsWith(text) ? rest.slice(text.length) : undefined);
}

/** Takes a mount point: the path itself or what stands below it. `/api` takes `/api` and `/api/x`, not `/apix`. */
export function takeMount(prefix: string): Take {
  const bare = prefix.replace(/\/+$/, "");
  return rest => {
    if (!rest.startsWith(bare)) return undefined;
    const left = rest.slice(bare.length);
    return left === "" || left.startsWith("/") ? left : undefined;
  };
}

export const takeAnything: Take = () => "";

/**
 * Takes what an expression matches. The caller gives it anchored at the start (flag `y` is added here).
 * Undefined for an expression that a hostile file could use to hold up the audit.
 */
export function takeExpression(source: string, flags = ""): Take | undefined {
  if (
    source.length > 300 ||
    /[)\]][+*{].*[)\]]?[+*{]|\([^)]*[+*][^)]*\)[+*{]|\\\d/.test(source.replace(/\[[^\]]*\][+*]?/g, "x"))
  ) {
    return undefined;
  }
  let expression: RegExp;
  try {
    expression = new RegExp(source, `${flags}y`);
  } catch {
    // Decision: a dialect that JavaScript does not know is an unknown route, not an error of the project.
    return undefined;
  }
  return rest => {
    if (rest.length > 500) return undefined;
    expression.lastIndex = 0;
    const found = expression.exec(rest);
    return found ? rest.slice(found[0].length) : undefined;
  };
}

export function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
